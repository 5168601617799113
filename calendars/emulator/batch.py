"""Batches (developers.google.com/workspace/calendar/api/guides/batch): up to 50 calls, each with its own token."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from typing import Any

from calendars.emulator.errors import ApiError

Json = dict[str, Any]
MOST = 50
BOUNDARY = "batch_emulator"


@dataclass(frozen=True)
class Part:
    """One call as it stands in a batch."""

    method: str
    target: str
    headers: Message
    content: bytes


def answer(
    content_type: str, authorization: str, content: bytes, call: Callable[[Part], tuple[int, Json | None]]
) -> bytes:
    """The multipart body of the answers; its parts take `authorization` where they bring none. Raises 400."""
    whole = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + content)
    parts = [part for part in whole.get_payload() if isinstance(part, Message)]
    if not parts or len(parts) > MOST:
        raise ApiError(400, "badRequest", f"A batch has 1 to {MOST} calls.")
    texts = [_text(part.get("Content-ID", ""), *call(_part(part, authorization))) for part in parts]
    return ("".join(f"--{BOUNDARY}\r\n{text}\r\n" for text in texts) + f"--{BOUNDARY}--\r\n").encode()


def _part(part: Message, authorization: str) -> Part:
    first, _, rest = _bytes(part).lstrip().partition(b"\n")
    words = first.decode().split()
    if len(words) < 2:
        raise ApiError(400, "badRequest", "Failed to parse a part of the batch.")
    inner = BytesParser().parsebytes(rest)
    if "Authorization" not in inner:
        inner["Authorization"] = authorization
    return Part(words[0], words[1], inner, _bytes(inner).strip())


def _text(content_id: str, status: int, found: Json | None) -> str:
    body = json.dumps(found) if found is not None else ""
    lines = ["Content-Type: application/http"]
    if content_id:
        lines.append(f"Content-ID: <response-{content_id.strip().strip('<>')}>")
    lines += ["", f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Content-Type: application/json; charset=UTF-8"]
    if found is not None and "etag" in found:
        lines.append(f"ETag: {found['etag']}")
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body])


def _bytes(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""
