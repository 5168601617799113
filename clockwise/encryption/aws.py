"""How we speak to AWS: bounded waiting, and its errors in our words. `AWS_ENDPOINT_URL` is read by boto3 itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, PartialCredentialsError

from clockwise.encryption.errors import KeyMissing, KeyRefused, KeyUnavailable

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client

_MISSING = {"NotFoundException", "NoSuchKey", "NoSuchBucket"}
_PASSING = {
    "Throttling",
    "ThrottlingException",
    "LimitExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "RequestTimeout",
    "ConditionalRequestConflict",  # another writer is at the same S3 object this moment
}


def s3() -> S3Client:
    return _client("s3")  # type: ignore[no-any-return]


def kms() -> KMSClient:
    return _client("kms")  # type: ignore[no-any-return]


def _client(service: Any) -> Any:
    """Its library is imported here: half a second that an installation without AWS doesn't wait at each start."""
    import boto3
    from botocore.config import Config

    patience = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
    return boto3.client(service, config=patience)


@contextmanager
def errors_in_our_words(service: str) -> Iterator[None]:
    """Turns botocore's errors into KeyMissing, KeyUnavailable (may pass) or KeyRefused (an operator's matter)."""
    try:
        yield
    except ClientError as error:
        raise _translated(service, error) from error
    except (NoRegionError, NoCredentialsError, PartialCredentialsError) as error:
        raise KeyRefused(
            f"{service} can't be used: {error}. Set AWS_DEFAULT_REGION and the credentials' variables, or give the "
            "machine a role."
        ) from error
    except BotoCoreError as error:
        raise KeyUnavailable(f"{service} did not answer ({type(error).__name__}).") from error


def code_of(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _translated(service: str, error: ClientError) -> KeyMissing | KeyUnavailable | KeyRefused:
    code = code_of(error)
    if code in _MISSING:
        return KeyMissing(f"{service} has no such key or bucket ({code}).")
    if code in _PASSING or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
        return KeyUnavailable(f"{service} is not available ({code}).")
    return KeyRefused(f"{service} refused ({code}).")
