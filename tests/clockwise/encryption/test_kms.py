import pytest

from clockwise.encryption.errors import KeyMissing, KeyRefused, KeyUnavailable
from clockwise.encryption.providers.kms import KmsKey

CONTEXT = {"clockwise-key": "installation.1"}
KEY = bytes(range(32))


def test_a_key_is_unwrapped_as_it_was_wrapped(kms_key_id: str) -> None:
    master = KmsKey(kms_key_id)

    wrapped = master.wrap(KEY, CONTEXT)

    assert KEY not in wrapped
    assert master.unwrap(wrapped, CONTEXT) == KEY


def test_another_encryption_context_is_refused(kms_key_id: str) -> None:
    master = KmsKey(kms_key_id)
    wrapped = master.wrap(KEY, CONTEXT)

    with pytest.raises(KeyRefused, match="InvalidCiphertextException"):
        master.unwrap(wrapped, {"clockwise-key": "another.1"})


def test_a_changed_wrapped_key_is_refused(kms_key_id: str) -> None:
    master = KmsKey(kms_key_id)
    wrapped = bytearray(master.wrap(KEY, CONTEXT))
    wrapped[-1] ^= 1

    with pytest.raises(KeyRefused):
        master.unwrap(bytes(wrapped), CONTEXT)


def test_an_unknown_key_is_missing(kms_key_id: str) -> None:
    with pytest.raises(KeyMissing):
        KmsKey("11111111-2222-3333-4444-555555555555").wrap(KEY, CONTEXT)


def test_a_service_that_does_not_answer_is_unavailable(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    with pytest.raises(KeyUnavailable, match="did not answer"):
        KmsKey("any").wrap(KEY, CONTEXT)


def test_a_missing_region_is_named(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")

    with pytest.raises(KeyRefused, match="AWS_DEFAULT_REGION"):
        KmsKey("any")


def test_a_key_is_rewrapped_inside_kms_under_its_name(kms_key_id: str) -> None:
    master = KmsKey(kms_key_id)
    wrapped = master.wrap(b"k" * 32, {"clockwise-key": "org/organization.1"})
    again = master.rewrap(wrapped, {"clockwise-key": "org/organization.1"})
    assert again != wrapped
    assert master.unwrap(again, {"clockwise-key": "org/organization.1"}) == b"k" * 32
    with pytest.raises(KeyRefused):
        master.rewrap(wrapped, {"clockwise-key": "another/organization.1"})
