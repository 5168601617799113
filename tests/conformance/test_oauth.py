"""Consent, tokens and identity, by google-auth-oauthlib."""

import re
from typing import Any

import pytest
import requests
from google.auth import jwt
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError

from calendars.emulator.server import Emulator
from tests.conformance.certificates import pem_of
from tests.conformance.google import ADA, API, BEN, CALENDAR, DAN, IDENTITY, REDIRECT, Accounts, refused


def exchange(google: Emulator, **form: str) -> tuple[int, dict[str, Any]]:
    settings = google.endpoints()
    client = {"client_id": settings["GOOGLE_CLIENT_ID"], "client_secret": settings["GOOGLE_CLIENT_SECRET"]}
    answer = requests.post(f"{google.url}/token", data={**client, **form}, timeout=10)
    return answer.status_code, answer.json()


def claims(google: Emulator, token: str) -> dict[str, Any]:
    keys = requests.get(f"{google.url}/oauth2/v3/certs", timeout=10).json()["keys"]
    certificates = {key["kid"]: pem_of(key) for key in keys}
    return dict(jwt.decode(token, certs=certificates, audience=google.state.client_id))


def test_the_consent_page_lists_people_and_lets_scopes_be_unticked(google: Emulator, accounts: Accounts) -> None:
    """developers.google.com/identity/protocols/oauth2/web-server#creatingclient: `login_hint`, the consent screen."""
    url, _ = accounts.flow(*IDENTITY, CALENDAR).authorization_url(login_hint=BEN)
    page = requests.get(url, timeout=10)

    assert page.headers["Content-Type"].startswith("text/html")
    assert f'<option value="{BEN}" selected>' in page.text
    assert f'<option value="{DAN}">' in page.text
    assert re.findall(r'type="checkbox" name="scope" value="([^"]+)"', page.text) == [CALENDAR]


def test_a_cancelled_consent_comes_back_as_access_denied_with_the_state(accounts: Accounts) -> None:
    """developers.google.com/identity/protocols/oauth2/web-server#handlingresponse"""
    url, state = accounts.flow(CALENDAR).authorization_url()
    assert accounts.consent(url, ADA, decision="deny") == {"error": "access_denied", "state": state}


def test_an_unknown_client_sees_no_consent_page(google: Emulator) -> None:
    """developers.google.com/identity/protocols/oauth2/web-server#authorization-errors: `invalid_client`"""
    answer = requests.get(f"{google.url}/o/oauth2/v2/auth?client_id=x&redirect_uri={REDIRECT}&scope=openid", timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_redirect_address_that_is_not_the_clients_is_refused(google: Emulator, accounts: Accounts) -> None:
    """developers.google.com/identity/protocols/oauth2/web-server#authorization-errors-redirect-uri-mismatch"""
    google.state.redirect_uris = ["https://app.example/callback"]
    url, _ = accounts.flow(CALENDAR).authorization_url()
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "redirect_uri_mismatch")


def test_a_code_is_good_once(google: Emulator, accounts: Accounts) -> None:
    """developers.google.com/identity/protocols/oauth2/web-server#exchange-authorization-code"""
    flow = accounts.flow(*IDENTITY)
    url, _ = flow.authorization_url()
    code = accounts.consent(url, ADA)["code"]
    flow.fetch_token(code=code)
    with pytest.raises(InvalidGrantError):
        flow.fetch_token(code=code)
    flow.oauth2session.close()


@pytest.mark.parametrize("verifier", ["", "another-verifier-than-that-of-the-challenge-sent"])
def test_a_code_without_its_verifier_is_worth_nothing(google: Emulator, accounts: Accounts, verifier: str) -> None:
    """developers.google.com/identity/protocols/oauth2/native-app#step1-code-verifier: PKCE with S256"""
    url, _ = accounts.flow(*IDENTITY).authorization_url()
    assert "code_challenge_method=S256" in url
    code = accounts.consent(url, ADA)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": verifier}

    status, answer = exchange(google, **form)

    assert (status, answer["error"]) == (400, "invalid_grant")


def test_a_code_belongs_to_one_redirect_address(google: Emulator, accounts: Accounts) -> None:
    """developers.google.com/identity/protocols/oauth2/web-server#exchange-errors-redirect-uri-mismatch"""
    url, _ = accounts.flow(*IDENTITY).authorization_url()
    code = accounts.consent(url, ADA)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT + "/x"}

    assert exchange(google, **form)[1]["error"] == "redirect_uri_mismatch"


def test_the_client_needs_its_secret(google: Emulator) -> None:
    """developers.google.com/identity/protocols/oauth2/web-server#exchange-errors-invalid-client"""
    status, answer = exchange(google, grant_type="refresh_token", client_secret="wrong", refresh_token="x")
    assert (status, answer["error"]) == (401, "invalid_client")


def test_the_client_may_show_its_secret_by_http_basic(google: Emulator, accounts: Accounts) -> None:
    """RFC 6749, section 2.3.1, which Google's token endpoint accepts."""
    credentials, _ = accounts.sign_in(ADA)
    form = {"grant_type": "refresh_token", "refresh_token": credentials.refresh_token}
    secret = (google.state.client_id, google.state.client_secret)
    answer = requests.post(f"{google.url}/token", data=form, auth=secret, timeout=10)
    assert answer.json()["token_type"] == "Bearer"


def test_an_id_token_says_who_signed_in_and_is_signed_by_the_served_key(google: Emulator, accounts: Accounts) -> None:
    """developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload"""
    _, answer = accounts.sign_in(ADA, nonce="n-1")
    found = claims(google, answer["id_token"])

    assert (found["iss"], found["aud"], found["nonce"]) == (google.url, google.state.client_id, "n-1")
    assert (found["email"], found["email_verified"], found["hd"]) == (ADA, True, "company.example")
    assert (found["name"], found["given_name"], found["family_name"]) == ("Ada Berg", "Ada", "Berg")
    assert found["sub"].isdigit()
    assert found["exp"] - found["iat"] == 3600


def test_the_subject_stays_and_a_consumer_account_has_no_hosted_domain(google: Emulator, accounts: Accounts) -> None:
    """developers.google.com/identity/openid-connect/openid-connect#an-id-tokens-payload: `sub`, `hd`"""
    first, second = (claims(google, accounts.sign_in(DAN)[1]["id_token"]) for _ in range(2))
    assert first["sub"] == second["sub"]
    assert "hd" not in first


def test_userinfo_says_what_the_scopes_allow(google: Emulator, accounts: Accounts) -> None:
    """developers.google.com/identity/openid-connect/openid-connect#obtaininguserprofileinformation"""
    credentials, _ = accounts.sign_in(ADA, "openid", IDENTITY[1])
    headers = {"Authorization": f"Bearer {credentials.token}"}
    found = requests.get(f"{google.url}/v1/userinfo", headers=headers, timeout=10).json()
    assert found["email"] == ADA
    assert "name" not in found


def test_a_refresh_token_comes_with_the_first_offline_consent_only(accounts: Accounts) -> None:
    """developers.google.com/identity/protocols/oauth2/web-server#offline"""
    assert "refresh_token" not in accounts.sign_in(BEN, access_type="online")[1]
    assert "refresh_token" in accounts.sign_in(ADA)[1]
    assert "refresh_token" not in accounts.sign_in(ADA)[1]
    assert "refresh_token" in accounts.sign_in(ADA, prompt="consent")[1]


def test_the_hundred_and_first_refresh_token_ends_the_oldest(google: Emulator, accounts: Accounts) -> None:
    """developers.google.com/identity/protocols/oauth2#expiration: 100 refresh tokens per account and client"""
    oldest, _ = accounts.sign_in(ADA)
    for _ in range(100):
        newest, _ = accounts.sign_in(ADA, prompt="consent")
    newest.refresh(Request())
    with pytest.raises(RefreshError, match="invalid_grant"):
        oldest.refresh(Request())


def test_an_access_token_is_refreshed_when_it_has_expired(google: Emulator, accounts: Accounts) -> None:
    """developers.google.com/identity/protocols/oauth2/web-server#offline: refreshing an access token"""
    calendar = accounts.calendar(ADA)
    google.state.access_tokens.clear()
    assert calendar.calendarList().list().execute()["items"]


def test_scopes_can_be_granted_one_after_the_other(accounts: Accounts, google: Emulator) -> None:
    """developers.google.com/identity/protocols/oauth2/web-server#incrementalAuth"""
    accounts.sign_in(ADA, *IDENTITY)
    url, _ = accounts.flow(CALENDAR).authorization_url(include_granted_scopes="true")
    assert set(accounts.consent(url, ADA)["scope"].split()) == {*IDENTITY, CALENDAR}


def test_an_unticked_scope_is_missing_from_answer_and_api(google: Emulator, accounts: Accounts) -> None:
    """developers.google.com/identity/protocols/oauth2/resources/granular-permissions"""
    flow = accounts.flow(*IDENTITY, CALENDAR)
    url, _ = flow.authorization_url()
    back = accounts.consent(url, ADA, scopes=IDENTITY)
    assert CALENDAR not in back["scope"].split()
    with pytest.raises(Warning, match="Scope has changed"):
        flow.fetch_token(code=back["code"])
    flow.oauth2session.close()


def test_revoking_one_token_ends_the_whole_grant(google: Emulator, accounts: Accounts) -> None:
    """developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke"""
    credentials, _ = accounts.sign_in(ADA)
    answer = requests.post(f"{google.url}/revoke", data={"token": credentials.token}, timeout=10)
    assert answer.status_code == 200
    with pytest.raises(RefreshError, match="Token has been expired or revoked"):
        credentials.refresh(Request())
    again = requests.post(f"{google.url}/revoke", data={"token": credentials.token}, timeout=10)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_token")


def test_a_suspended_account_neither_refreshes_nor_reads(google: Emulator, accounts: Accounts) -> None:
    """developers.google.com/workspace/calendar/api/guides/errors#401_invalid_credentials"""
    credentials, _ = accounts.sign_in(ADA)
    google.suspend(ADA)
    headers = {"Authorization": f"Bearer {credentials.token}"}
    answer = requests.get(f"{google.url}/calendar/v3/users/me/calendarList", headers=headers, timeout=10)

    assert answer.status_code == 401
    assert answer.json()["error"]["errors"][0]["reason"] == "authError"
    with pytest.raises(RefreshError, match="invalid_grant"):
        credentials.refresh(Request())


def test_each_method_wants_a_scope_of_its_own(accounts: Accounts) -> None:
    """The scopes that the discovery document lists for a method; 403 insufficientPermissions otherwise."""
    events_only = accounts.calendar(ADA, *IDENTITY, API + "calendar.events.readonly")
    assert events_only.events().list(calendarId="primary").execute()["items"] == []
    body = {"start": {"date": "2027-03-01"}, "end": {"date": "2027-03-02"}}
    assert refused(events_only.events().insert(calendarId="primary", body=body)) == (403, "insufficientPermissions")
    assert refused(events_only.calendars().get(calendarId="primary")) == (403, "insufficientPermissions")
