"""Signing in through the web, and every way in which that can go wrong."""

import pytest
from django.contrib.sessions.models import Session
from django.db.models import F
from django.test import Client

from calendars.emulator.server import Emulator
from calendars.models import GoogleConnection
from clockwise import clock
from clockwise.organizations import access, lookups
from clockwise.organizations.models import Member
from clockwise.organizations.reasons import Reason
from clockwise.organizations.sessions import SessionStore
from clockwise.organizations.signin import GoogleSignInBackend
from clockwise.tenancy import current
from tests.browser_trip import answer, sign_in, to_google
from tests.company import SUNDAY_NOON, address

CALLBACK = "/accounts/google/callback"
pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def _noon() -> object:
    with clock.stopped(SUNDAY_NOON):
        yield


def problem(response: object) -> str:
    content = response.content.decode()  # type: ignore[attr-defined]
    return str(content.split('data-reason="')[1].split('"')[0])


def connection_of(name: str) -> GoogleConnection | None:
    [reference] = lookups.members_by_address(address(name))
    with current.organization(reference.organization_id):
        return GoogleConnection.objects.filter(member=reference.member_id).first()


def test_one_trip_signs_in_and_connects(client: Client, google: Emulator) -> None:
    response = sign_in(client, address("ada"))

    assert response.headers["Location"] == "/"
    connection = connection_of("ada")
    assert connection is not None
    assert connection.state == GoogleConnection.State.ACTIVE
    assert client.get("/api/v1/me").status_code == 401  # a session isn't a token


def test_the_trip_asks_for_no_more_than_identity_when_that_is_wanted(client: Client, google: Emulator) -> None:
    url = to_google(client, "/accounts/google/login")
    assert "calendar" not in url
    assert "access_type=online" in url
    sign_in(client, address("ada"), "/accounts/google/login")
    assert connection_of("ada") is None


def test_the_trip_carries_state_nonce_and_pkce(client: Client, google: Emulator) -> None:
    url = to_google(client)
    for part in ("state=", "nonce=", "code_challenge=", "code_challenge_method=S256"):
        assert part in url


def test_unticked_scopes_sign_the_person_in_unconnected_with_a_way_to_ask_again(
    client: Client, google: Emulator
) -> None:
    returned = answer(to_google(client), address("ada"), without=("calendar.events",))
    assert client.get(CALLBACK, returned).headers["Location"] == "/"
    assert connection_of("ada") is None
    page = client.get("/").content.decode()
    assert 'data-testid="not-connected"' in page
    assert "?connect=calendar" in page


def test_a_cancelled_trip_is_explained(client: Client, google: Emulator) -> None:
    returned = answer(to_google(client), address("ada"), decision="deny")
    response = client.get(CALLBACK, returned)
    assert (response.status_code, problem(response)) == (403, "refused")


def test_a_foreign_state_is_refused(client: Client, google: Emulator) -> None:
    returned = answer(to_google(client), address("ada")) | {"state": "forged"}
    response = client.get(CALLBACK, returned)
    assert (response.status_code, problem(response)) == (400, "tampered")
    assert lookups.members_by_address(address("ada")) == []


def test_an_answer_is_good_once(client: Client, google: Emulator) -> None:
    returned = answer(to_google(client), address("ada"))
    client.get(CALLBACK, returned)
    response = client.get(CALLBACK, returned)
    assert (response.status_code, problem(response)) == (400, "trip_unknown")


def test_an_answer_in_another_browser_is_refused(client: Client, google: Emulator) -> None:
    returned = answer(to_google(client), address("ada"))
    response = Client().get(CALLBACK, returned)
    assert problem(response) == "trip_unknown"


def test_a_code_of_somebody_elses_trip_is_refused(client: Client, google: Emulator) -> None:
    """PKCE: an injected code doesn't fit the verifier of this browser's trip."""
    stolen = answer(to_google(Client()), address("ben"))
    own = answer(to_google(client), address("ada"))
    response = client.get(CALLBACK, own | {"code": stolen["code"]})
    assert problem(response) == "tampered"


def test_a_consumer_account_is_told_why_not(client: Client, google: Emulator) -> None:
    response = sign_in(client, "guest@outside.example")
    assert (response.status_code, problem(response)) == (403, "no_workspace")


def test_missing_credentials_name_the_two_settings(client: Client, google: Emulator, settings: object) -> None:
    settings.GOOGLE = google.endpoints() | {"GOOGLE_CLIENT_ID": ""}  # type: ignore[attr-defined]
    response = client.get("/accounts/google/login")
    assert response.status_code == 503
    assert "GOOGLE_CLIENT_ID" in response.content.decode()


def test_a_google_that_does_not_answer_is_no_server_error(client: Client, google: Emulator) -> None:
    returned = answer(to_google(client), address("ada"))
    google.faults.add({"match": {"path_regex": "/token"}, "fault": "503"})
    response = client.get(CALLBACK, returned)
    assert (response.status_code, problem(response)) == (503, "unavailable")


def test_the_session_id_changes_at_sign_in_and_is_stored_as_a_hash(client: Client, google: Emulator) -> None:
    to_google(client)
    before = client.cookies["sessionid"].value
    client.get(CALLBACK, answer(to_google(client), address("ada")))
    after = client.cookies["sessionid"].value

    assert before != after
    keys = set(Session.objects.values_list("session_key", flat=True))
    assert after not in keys
    assert SessionStore.stored_key(after) in keys
    assert SessionStore.stored_key(before) not in keys
    assert address("ada") not in str(list(Session.objects.values_list("session_data", flat=True)))


def test_signing_out_ends_the_session_for_good(client: Client, google: Emulator) -> None:
    sign_in(client, address("ada"))
    cookie = client.cookies["sessionid"].value
    client.post("/accounts/sign-out")
    client.cookies["sessionid"] = cookie
    assert "Continue with Google" in client.get("/").content.decode()


def test_signing_out_by_a_link_is_refused(client: Client, google: Emulator) -> None:
    sign_in(client, address("ada"))
    assert client.get("/accounts/sign-out").status_code == 405


def test_a_forged_session_for_another_organization_opens_nothing(client: Client, google: Emulator) -> None:
    """Even with the signing secret: the member isn't found inside the organization that the session names."""
    sign_in(client, address("ada"))
    sign_in(Client(), address("mallory"))
    [other] = lookups.members_by_address(address("mallory"))
    session = client.session
    session["organization_id"] = str(other.organization_id)
    session.save()
    assert "Continue with Google" in client.get("/").content.decode()


def test_the_gate_ends_all_sessions_at_once(client: Client, google: Emulator) -> None:
    sign_in(client, address("ada"))
    [reference] = lookups.members_by_address(address("ada"))
    with current.organization(reference.organization_id):
        access.end(Member.objects.get(pk=reference.member_id), reason=Reason.ADMIN)
    assert "Continue with Google" in client.get("/").content.decode()


def test_signing_in_again_needs_no_second_consent(client: Client, google: Emulator) -> None:
    sign_in(client, address("ada"))
    response = sign_in(Client(), address("ada"))
    assert response.headers["Location"] == "/"


def test_a_lost_refresh_token_is_asked_for_with_consent(client: Client, google: Emulator) -> None:
    sign_in(client, address("ada"))
    [reference] = lookups.members_by_address(address("ada"))
    with current.organization(reference.organization_id):
        GoogleConnection.objects.update(state="revoked", credentials=None)
    response = sign_in(Client(), address("ada"))
    assert response.headers["Location"] == "/accounts/google/login?connect=calendar&consent=1"


def test_no_page_has_a_password_field(client: Client, google: Emulator) -> None:
    for path in ("/", "/accounts/google/callback", "/admin/", "/nowhere"):
        assert 'type="password"' not in client.get(path).content.decode()


def test_an_earlier_epochs_session_opens_nothing_though_its_row_is_alive(client: Client, google: Emulator) -> None:
    sign_in(client, address("ada"))
    [reference] = lookups.members_by_address(address("ada"))
    assert "Continue with Google" not in client.get("/").content.decode()
    with current.organization(reference.organization_id):
        Member.objects.filter(pk=reference.member_id).update(epoch=F("epoch") + 1)

    assert "Continue with Google" in client.get("/").content.decode()


def test_who_is_not_active_is_not_loaded_for_a_session(client: Client, google: Emulator) -> None:
    sign_in(client, address("ada"))
    [reference] = lookups.members_by_address(address("ada"))
    with current.organization(reference.organization_id):
        Member.objects.filter(pk=reference.member_id).update(is_active=False)
        assert GoogleSignInBackend().get_user(reference.member_id) is None

    assert "Continue with Google" in client.get("/").content.decode()
