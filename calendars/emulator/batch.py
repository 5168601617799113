"""Batches (developers.google.com/workspace/calendar/api/guides/batch): up to 50 calls, each with its own token."""

import json
from collections.abc import Callable
from email.message import Message
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from calendars.emulator.errors import ApiError

Json = dict[str, Any]
Call = Callable[[str, str, dict[str, str], bytes, str, str | None], tuple[int, Json | None]]
MOST = 50
BOUNDARY = "batch_emulator"


def answer(headers: Message, content: bytes, call: Call) -> tuple[int, Json, bytes]:
    whole = BytesParser().parsebytes(b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + content)
    parts = [part for part in whole.get_payload() if isinstance(part, Message)]
    if len(parts) > MOST:
        raise ApiError(400, "badRequest", "The batch exceeds 50 calls.")
    answers = [_part(part, headers.get("Authorization", ""), call) for part in parts]
    body = "".join(f"--{BOUNDARY}\r\n{text}\r\n" for text in answers) + f"--{BOUNDARY}--\r\n"
    return 200, {"Content-Type": f"multipart/mixed; boundary={BOUNDARY}"}, body.encode()


def _part(part: Message, authorization: str, call: Call) -> str:
    text = _bytes(part)
    first, _, rest = text.partition(b"\n")
    method, target, _ = first.decode().split(" ", 2)
    inner = BytesParser().parsebytes(rest)
    url = urlsplit(target)
    query = {key: values[-1] for key, values in parse_qs(url.query).items()}
    content = _bytes(inner).strip()
    token = inner.get("Authorization", authorization)
    status, found = call(method, unquote(url.path), query, content, token, inner.get("If-Match"))
    body = json.dumps(found) if found is not None else ""
    return (
        f"Content-Type: application/http\r\nContent-ID: response-{part.get('Content-ID', '').strip('<>')}\r\n\r\n"
        f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )


def _bytes(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""
