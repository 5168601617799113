"""Puts signed heads where nobody of the installation can take them back: an S3 bucket with object lock.

`CLOCKWISE_AUDIT_ANCHORS` = `s3://bucket/prefix`. Each object is locked on its own, since a bucket's default retention
can be missing unnoticed. Heads commit to all before them, so that a lock needs to last no longer than logs are read.
"""

import json
import logging
import re
from datetime import timedelta
from functools import cache
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings
from django.db import connection

from clockwise import clock
from clockwise.audit.heads import from_row
from clockwise.audit.models import AuditHead
from clockwise.audit.signatures import Head
from clockwise.encryption import aws
from clockwise.encryption.aws import code_of, errors_in_our_words

log = logging.getLogger(__name__)
_ADDRESS = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<prefix>.+?)/?")
LOCKED_FOR = timedelta(days=400)
AT_ONCE = 200


class AnchorConflict(Exception):
    """The bucket holds another head of this number: the log's history was replaced here."""


def is_configured() -> bool:
    return bool(settings.CLOCKWISE_AUDIT_ANCHORS)


def anchor_waiting() -> int:
    """Anchor the heads that are not yet, oldest first; their number. Doing it again does no harm.

    Raises KeyUnavailable (try again), KeyRefused (an operator's matter), AnchorConflict.
    """
    waiting = [from_row(row) for row in AuditHead.objects.filter(anchored_at=None).order_by("number")[:AT_ONCE]]
    for head in waiting:
        put(head)
        with connection.cursor() as cursor:
            cursor.execute("SELECT audit_mark_anchored(%s, %s)", [head.number, clock.now()])
    return len(waiting)


def put(head: Head) -> None:
    bucket, prefix = _place()
    content = json.dumps(head.as_json()).encode()
    with errors_in_our_words("S3"):
        try:
            _s3().put_object(
                Bucket=bucket,
                Key=_key(prefix, head.number),
                Body=content,
                ContentType="application/json",
                IfNoneMatch="*",
                ObjectLockMode="COMPLIANCE",
                ObjectLockRetainUntilDate=clock.now() + LOCKED_FOR,
                ChecksumAlgorithm="SHA256",
            )
        except ClientError as error:
            if code_of(error) != "PreconditionFailed":
                raise
    if get(head.number) != head:
        raise AnchorConflict(f"Head {head.number} was anchored before, and it was another one.")


def get(number: int) -> Head:
    """The anchored head. Raises KeyMissing, KeyUnavailable, KeyRefused."""
    bucket, prefix = _place()
    with errors_in_our_words("S3"):
        content = _s3().get_object(Bucket=bucket, Key=_key(prefix, number))["Body"].read()
    return Head.from_json(json.loads(content))


def newest() -> Head | None:
    """The head with the highest number in the bucket."""
    bucket, prefix = _place()
    last = ""
    with errors_in_our_words("S3"):
        for page in _s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/"):
            last = max([last, *(entry["Key"] for entry in page.get("Contents", []))])
    return get(int(last.rpartition("/")[2].removesuffix(".json"))) if last else None


def _key(prefix: str, number: int) -> str:
    return f"{prefix}/{number:012d}.json"


def _place() -> tuple[str, str]:
    match = _ADDRESS.fullmatch(settings.CLOCKWISE_AUDIT_ANCHORS)
    if match is None:
        raise ValueError("CLOCKWISE_AUDIT_ANCHORS must be s3://bucket/prefix.")
    return match["bucket"], match["prefix"]


@cache
def _s3() -> Any:
    return aws.s3()
