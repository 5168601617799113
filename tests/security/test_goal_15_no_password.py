"""Goal 15: Google OAuth 2.0 alone. No password anywhere, and fifteen attacks on the way in, each refused."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth import authenticate
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from calendars.emulator import identity as emulated
from calendars.emulator.server import Emulator
from clockwise import clock
from clockwise.google import certificates
from clockwise.organizations import lookups, members
from clockwise.organizations.models import Member
from clockwise.tenancy import current
from tests.browser_trip import LOGIN, answer, sign_in, to_google
from tests.clockwise.google.stub import encoded, signed
from tests.company import SUNDAY_NOON, address
from tests.installation import CHECKOUT

CALLBACK = "/accounts/google/callback"
pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def _noon(google: Emulator) -> Iterator[None]:
    certificates._kept.clear()
    with clock.stopped(SUNDAY_NOON):
        yield


def refused(response: Any, *reasons: str) -> bool:
    """Explained as one of these, with nobody signed in and nobody made."""
    content = response.content.decode()
    found = re.search(r'data-reason="(\w+)"', content)
    return response.status_code in (400, 403) and found is not None and found[1] in reasons


def nobody_got_in(client: Client, name: str = "ada") -> bool:
    return "Continue with Google" in client.get("/").content.decode() and not lookups.members_by_address(address(name))


@pytest.fixture
def token_of(google: Emulator, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[dict[str, Any]], str]], None]:
    """Has the token endpoint hand out what a test makes of the claims that it would have signed."""

    def replace(make: Callable[[dict[str, Any]], str]) -> None:
        monkeypatch.setattr(emulated, "_signed", lambda state, claims, kind: make(claims))

    return replace


def kid(google: Emulator) -> str:
    return str(emulated.certificates(google.state)["keys"][0]["kid"])


def by_google(google: Emulator, claims: dict[str, Any], **header: Any) -> str:
    return signed(claims, key=google.state.key(), kid=kid(google), **header)


def arrive(client: Client) -> HttpResponse:
    return sign_in(client, address("ada"), LOGIN)


# The fifteen


def test_goal_15_attack_01_a_forged_state(client: Client) -> None:
    response = client.get(CALLBACK, answer(to_google(client, LOGIN), address("ada")) | {"state": "forged"})
    assert refused(response, "tampered")
    assert nobody_got_in(client)


def test_goal_15_attack_02_a_missing_state(client: Client) -> None:
    returned = answer(to_google(client, LOGIN), address("ada"))
    del returned["state"]
    assert refused(client.get(CALLBACK, returned), "tampered")
    assert nobody_got_in(client)


def test_goal_15_attack_03_an_answer_played_back(client: Client) -> None:
    returned = answer(to_google(client, LOGIN), address("ada"))
    assert client.get(CALLBACK, returned).status_code == 302
    client.post("/accounts/sign-out")
    assert refused(client.get(CALLBACK, returned), "trip_unknown")


def test_goal_15_attack_04_login_csrf_an_attackers_answer_in_the_victims_browser(client: Client) -> None:
    attackers = answer(to_google(Client(), LOGIN), address("mallory"))
    to_google(client, LOGIN)
    assert refused(client.get(CALLBACK, attackers), "tampered")
    assert refused(Client().get(CALLBACK, attackers), "trip_unknown")
    assert nobody_got_in(client, "mallory")


def test_goal_15_attack_05_a_stolen_code_without_its_verifier(client: Client) -> None:
    stolen = answer(to_google(Client(), LOGIN), address("ben"))
    own = answer(to_google(client, LOGIN), address("ada"))
    assert refused(client.get(CALLBACK, own | {"code": stolen["code"]}), "tampered")
    assert nobody_got_in(client, "ben")


def test_goal_15_attack_06_a_downgraded_challenge(client: Client, google: Emulator) -> None:
    """The challenge is S256 and can't be taken off on the way: without one the code would need no verifier."""
    url = to_google(client, LOGIN)
    query = parse_qs(urlsplit(url).query)
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    weaker = url.replace("code_challenge_method=S256", "code_challenge_method=plain")
    with pytest.raises(KeyError):
        answer(weaker, address("ada"))


def test_goal_15_attack_07_a_code_used_twice(client: Client) -> None:
    returned = answer(to_google(client, LOGIN), address("ada"))
    client.get(CALLBACK, returned)
    again = Client()
    own = answer(to_google(again, LOGIN), address("ada"))
    assert refused(again.get(CALLBACK, own | {"code": returned["code"]}), "tampered")


def test_goal_15_attack_08_a_nonce_of_another_trip(
    client: Client, google: Emulator, token_of: Callable[..., None]
) -> None:
    token_of(lambda claims: by_google(google, claims | {"nonce": "of another trip"}))
    assert refused(arrive(client), "tampered")
    assert nobody_got_in(client)


def test_goal_15_attack_09_an_unsigned_token(client: Client, google: Emulator, token_of: Callable[..., None]) -> None:
    def unsigned(claims: dict[str, Any]) -> str:
        return f"{encoded(json.dumps({'alg': 'none', 'kid': kid(google)}))}.{encoded(json.dumps(claims))}."

    token_of(unsigned)
    assert refused(arrive(client), "tampered")
    assert nobody_got_in(client)


def test_goal_15_attack_10_a_public_key_as_a_shared_secret(
    client: Client, google: Emulator, token_of: Callable[..., None]
) -> None:
    pem = google.state.key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def confused(claims: dict[str, Any]) -> str:
        content = f"{encoded(json.dumps({'alg': 'HS256', 'kid': kid(google)}))}.{encoded(json.dumps(claims))}"
        return f"{content}.{encoded(hmac.digest(pem, content.encode(), hashlib.sha256))}"

    token_of(confused)
    assert refused(arrive(client), "tampered")
    assert nobody_got_in(client)


def test_goal_15_attack_11_a_foreign_signing_key(
    client: Client, google: Emulator, token_of: Callable[..., None]
) -> None:
    mallorys = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for key_id in (kid(google), "mallorys"):
        token_of(lambda claims, key_id=key_id: signed(claims, key=mallorys, kid=key_id))
        assert refused(arrive(client), "tampered")
    assert nobody_got_in(client)


def test_goal_15_attack_12_a_token_for_another_client_or_of_another_issuer(
    client: Client, google: Emulator, token_of: Callable[..., None]
) -> None:
    for changed in ({"aud": "another-client"}, {"azp": "another-client"}, {"iss": "https://accounts.evil.example"}):
        token_of(lambda claims, changed=changed: by_google(google, claims | changed))
        assert refused(arrive(client), "tampered"), changed
    returned = answer(to_google(client, LOGIN), address("ada")) | {"iss": "https://accounts.evil.example"}
    assert refused(client.get(CALLBACK, returned), "tampered")  # mix-up (RFC 9207)
    assert nobody_got_in(client)


def test_goal_15_attack_13_an_expired_token_or_one_of_the_future(
    client: Client, google: Emulator, token_of: Callable[..., None]
) -> None:
    at = int(SUNDAY_NOON.timestamp())
    for changed in ({"exp": at - 61}, {"iat": at + 3600, "exp": at + 7200}, {"exp": None}):
        token_of(lambda claims, changed=changed: by_google(google, claims | changed))
        assert refused(arrive(client), "tampered"), changed
    assert nobody_got_in(client)


def test_goal_15_attack_14_an_address_given_to_somebody_else(client: Client, google: Emulator) -> None:
    """The account is `sub`; who gets the address of one that left opens nothing of theirs."""
    sign_in(Client(), address("ada"), LOGIN)
    google.state.people[address("ada")].subject = "another-account"
    assert refused(sign_in(client, address("ada"), LOGIN), "address_reassigned")
    assert "Continue with Google" in client.get("/").content.decode()


def test_goal_15_attack_15_another_domain_or_an_unverified_address(
    client: Client, google: Emulator, token_of: Callable[..., None]
) -> None:
    """The verified `hd` says which organization; an address with its domain in it says nothing."""
    sign_in(Client(), address("ada"), LOGIN)
    sign_in(Client(), address("mallory"), LOGIN)
    cases: list[tuple[dict[str, Any], tuple[str, ...]]] = [
        ({"hd": "mallory.example"}, ("other_organization",)),
        ({"hd": None}, ("no_workspace",)),
        ({"email_verified": False, "sub": "new"}, ("tampered",)),
        ({"email": "ada@company.example", "hd": None, "sub": "new"}, ("no_workspace",)),
    ]
    for changed, reasons in cases:
        token_of(
            lambda claims, changed=changed: by_google(
                google, {name: value for name, value in (claims | changed).items() if value is not None}
            )
        )
        assert refused(arrive(client), *reasons), changed
    assert "Continue with Google" in client.get("/").content.decode()


def test_goal_15_the_control_an_honest_answer_gets_in(
    client: Client, google: Emulator, token_of: Callable[..., None]
) -> None:
    token_of(lambda claims: by_google(google, claims))
    assert arrive(client).status_code == 302
    assert "Continue with Google" not in client.get("/").content.decode()


def test_goal_15_the_redirect_address_is_ours_whatever_the_request_says(client: Client, google: Emulator) -> None:
    url = str(client.get(LOGIN, {"redirect_uri": "https://evil.example", "next": "//evil.example"}).headers["Location"])
    [redirect] = parse_qs(urlsplit(url).query)["redirect_uri"]
    assert redirect == f"{django_settings.CLOCKWISE_BASE_URL}{CALLBACK}"


def test_goal_15_a_trip_is_over_after_a_quarter_of_an_hour(client: Client) -> None:
    returned = answer(to_google(client, LOGIN), address("ada"))
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=16)):
        assert refused(client.get(CALLBACK, returned), "trip_unknown")


# No password


def test_goal_15_no_column_and_no_model_field_is_a_password() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
            "AND column_name ~* 'passw|passwd|pwd|passphrase'"
        )
        assert cursor.fetchall() == []
    fields = [field.name for model in apps.get_models() for field in model._meta.get_fields()]
    assert not [name for name in fields if re.search("passw|pwd", name)]
    assert len(fields) > 100


def test_goal_15_no_template_and_no_page_has_a_password_input() -> None:
    looked_at = [*CHECKOUT.glob("templates/**/*.html"), *CHECKOUT.glob("*/templates/**/*.html")]
    assert len(looked_at) > 10
    assert [path for path in looked_at if re.search(r"type=[\"']?password", Path(path).read_text(), re.I)] == []


def test_goal_15_a_member_has_no_password_to_set_and_none_is_believed(settings: Settings) -> None:
    organization_id = members.create_organization(domain="new.example", name="New", plan="teams")
    with current.organization(organization_id):
        assert Member.password is None
    assert authenticate(username="ada", password="x") is None
    assert settings.AUTHENTICATION_BACKENDS == ["clockwise.organizations.signin.GoogleSignInBackend"]
