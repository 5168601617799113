"""Only Google's word for us, now, in this trip, is an identity."""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from clockwise.google.errors import GoogleUnavailable
from clockwise.google.id_token import Identity, IdTokenRefused, verify
from tests.clockwise.google.stub import Answer, StubGoogle, as_json, claims_for, encoded, jwks, signed, signing_key

Forge = Callable[[StubGoogle], str]


@pytest.fixture(autouse=True)
def google_serves_its_key(stub: StubGoogle) -> None:
    stub.script(as_json(jwks(k1=signing_key())))


def checked(stub: StubGoogle, token: str, *, later: timedelta = timedelta(0)) -> Identity:
    return verify(token, settings=stub.settings, nonce="the-nonce", now=datetime.now(UTC) + later)


def test_a_token_of_google_says_who_signed_in(stub: StubGoogle) -> None:
    claims = claims_for(stub, hd="Company.Example")
    assert checked(stub, signed(claims)) == Identity(
        subject="1001",
        email="ada@company.example",
        email_verified=True,
        hosted_domain="company.example",
        name="Ada",
        picture="https://pictures.example/ada",
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
    )


def test_a_consumer_account_has_no_hosted_domain_and_may_lack_a_name(stub: StubGoogle) -> None:
    identity = checked(stub, signed(claims_for(stub, hd=None, name=None, picture=None)))
    assert (identity.hosted_domain, identity.name, identity.picture) == (None, "", "")


def unsigned(stub: StubGoogle) -> str:
    return ".".join(encoded(json.dumps(part)) for part in ({"alg": "none", "kid": "k1"}, claims_for(stub))) + "."


def signed_with_the_public_key_as_hmac_secret(stub: StubGoogle) -> str:
    pem = signing_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = ".".join(encoded(json.dumps(part)) for part in ({"alg": "HS256", "kid": "k1"}, claims_for(stub)))
    return f"{text}.{encoded(hmac.new(pem, text.encode(), hashlib.sha256).digest())}"


def with_other_claims_under_the_same_signature(stub: StubGoogle) -> str:
    header, _, signature = signed(claims_for(stub)).split(".")
    return f"{header}.{encoded(json.dumps(claims_for(stub, sub='9999')))}.{signature}"


@pytest.mark.parametrize(
    ("reason", "forge"),
    [
        ("algorithm", unsigned),
        ("algorithm", signed_with_the_public_key_as_hmac_secret),
        ("algorithm", lambda stub: signed(claims_for(stub), alg="ES256")),
        ("signature", lambda stub: signed(claims_for(stub), key=signing_key("mallory"))),
        ("signature", with_other_claims_under_the_same_signature),
        ("unknown_key", lambda stub: signed(claims_for(stub), kid="mallory")),
        ("unknown_key", lambda stub: signed(claims_for(stub), kid=None)),
        ("unknown_key", lambda stub: signed(claims_for(stub), kid=["k1"])),
        ("issuer", lambda stub: signed(claims_for(stub, iss="https://accounts.google.com.evil.example"))),
        ("issuer", lambda stub: signed(claims_for(stub, iss=None))),
        ("audience", lambda stub: signed(claims_for(stub, aud="another-client"))),
        ("audience", lambda stub: signed(claims_for(stub, aud=["client-1", "another-client"]))),
        ("audience", lambda stub: signed(claims_for(stub, aud=None))),
        ("audience", lambda stub: signed(claims_for(stub, azp="another-client"))),
        ("nonce", lambda stub: signed(claims_for(stub, nonce="of-another-trip"))),
        ("nonce", lambda stub: signed(claims_for(stub, nonce=None))),
        ("nonce", lambda stub: signed(claims_for(stub, nonce=["the-nonce"]))),
        ("signature", lambda stub: signed(claims_for(stub, exp="9999999999"))),
        ("times", lambda stub: signed(claims_for(stub, iat=True))),
        ("times", lambda stub: signed(claims_for(stub, exp=float("nan")))),
        ("signature", lambda stub: signed(claims_for(stub, exp=None))),
        ("subject", lambda stub: signed(claims_for(stub, sub=None))),
        ("subject", lambda stub: signed(claims_for(stub, sub=1001))),
        ("email_not_verified", lambda stub: signed(claims_for(stub, email_verified=False))),
        ("email_not_verified", lambda stub: signed(claims_for(stub, email_verified="false"))),
        ("email_not_verified", lambda stub: signed(claims_for(stub, email=None))),
        ("malformed", lambda stub: ""),
        ("malformed", lambda stub: "a.b"),
        ("malformed", lambda stub: "é.é.é"),
        ("malformed", lambda stub: f"{encoded('[]')}.{encoded('{}')}.x"),
    ],
)
def test_a_forged_token_opens_nothing(stub: StubGoogle, reason: str, forge: Forge) -> None:
    with pytest.raises(IdTokenRefused) as refused:
        checked(stub, forge(stub))
    assert refused.value.reason == reason


def test_a_token_is_good_until_it_expires_and_a_minute_for_clocks_that_differ(stub: StubGoogle) -> None:
    token = signed(claims_for(stub))
    assert checked(stub, token, later=timedelta(seconds=3630))
    with pytest.raises(IdTokenRefused, match="expired"):
        checked(stub, token, later=timedelta(seconds=3700))


def test_a_token_from_the_future_is_refused(stub: StubGoogle) -> None:
    with pytest.raises(IdTokenRefused, match="not_yet_valid"):
        checked(stub, signed(claims_for(stub)), later=timedelta(minutes=-5))


def test_an_empty_nonce_matches_nothing(stub: StubGoogle) -> None:
    with pytest.raises(IdTokenRefused, match="nonce"):
        verify(signed(claims_for(stub, nonce="")), settings=stub.settings, nonce="", now=datetime.now(UTC))


def test_the_keys_are_fetched_once_for_as_long_as_google_says(stub: StubGoogle) -> None:
    stub.script(as_json(jwks(k1=signing_key()), Cache_Control="public, max-age=600"))
    for _ in range(3):
        checked(stub, signed(claims_for(stub)))
    assert len(stub.asked) == 1


def test_keys_that_may_not_be_kept_are_fetched_each_time(stub: StubGoogle) -> None:
    stub.script(as_json(jwks(k1=signing_key()), Cache_Control="max-age=0"))
    for _ in range(2):
        checked(stub, signed(claims_for(stub)))
    assert len(stub.asked) == 2


def test_a_new_key_of_google_is_found_by_asking_once_more(stub: StubGoogle) -> None:
    stub.script(as_json(jwks(k1=signing_key())), as_json(jwks(k2=signing_key("next"))))
    checked(stub, signed(claims_for(stub)))

    assert checked(stub, signed(claims_for(stub), key=signing_key("next"), kid="k2")).subject == "1001"
    with pytest.raises(IdTokenRefused, match="unknown_key"):
        checked(stub, signed(claims_for(stub)))


@pytest.mark.parametrize(
    "answer", [Answer(500), Answer(200, b"<html>"), as_json([]), as_json({"keys": [{"kty": "RSA"}]})]
)
def test_without_keys_nobody_is_accused(stub: StubGoogle, answer: Answer) -> None:
    stub.script(answer)
    with pytest.raises(GoogleUnavailable):
        checked(stub, signed(claims_for(stub)))


def test_a_key_for_another_purpose_signs_no_one_in(stub: StubGoogle) -> None:
    served = jwks(k1=signing_key())
    served["keys"][0]["use"] = "enc"
    stub.script(as_json(served))
    with pytest.raises(IdTokenRefused, match="unknown_key"):
        checked(stub, signed(claims_for(stub)))
