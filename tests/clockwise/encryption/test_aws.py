import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from clockwise.encryption.aws import errors_in_our_words
from clockwise.encryption.errors import EncryptionError, KeyMissing, KeyRefused, KeyUnavailable


@pytest.mark.parametrize(
    ("code", "status", "ours"),
    [
        ("ThrottlingException", 400, KeyUnavailable),
        ("SlowDown", 503, KeyUnavailable),
        ("KMSInternalException", 500, KeyUnavailable),
        ("ConditionalRequestConflict", 409, KeyUnavailable),
        ("DisabledException", 400, KeyRefused),
        ("AccessDeniedException", 400, KeyRefused),
        ("InvalidCiphertextException", 400, KeyRefused),
        ("NotFoundException", 400, KeyMissing),
        ("NoSuchKey", 404, KeyMissing),
    ],
)
def test_an_answer_of_aws_says_what_the_caller_can_do(code: str, status: int, ours: type[EncryptionError]) -> None:
    answer = {"Error": {"Code": code, "Message": "words of theirs"}, "ResponseMetadata": {"HTTPStatusCode": status}}

    with pytest.raises(ours, match=code) as raised, errors_in_our_words("KMS"):
        raise ClientError(answer, "Decrypt")  # type: ignore[arg-type]

    assert "words of theirs" not in str(raised.value)


def test_a_timeout_may_pass() -> None:
    with pytest.raises(KeyUnavailable), errors_in_our_words("S3"):
        raise ReadTimeoutError(endpoint_url="http://127.0.0.1")
