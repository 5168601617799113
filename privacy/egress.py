"""Which hosts this installation may talk to, and which it has talked to.

The published list comes from the settings. What is seen comes from Python itself: an audit hook (PEP 578) hears of
every name that is resolved, whichever library asks. PostgreSQL's client library resolves in C and isn't heard.
"""

import ipaddress
import logging
import os
import sys
import threading
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
from celery.signals import task_postrun
from django.conf import settings
from django.core.signals import request_finished

log = logging.getLogger(__name__)
KEY = "egress:hosts"
_unsaved: set[str] = set()
_saved: set[str] = set()
_lock = threading.Lock()


def published() -> dict[str, list[str]]:
    """Host to what it is for. Hosts of this machine (loopback, sockets) aren't egress and stand here as `local`."""
    uses: dict[str, set[str]] = {}
    for name, address in settings.GOOGLE.items():
        if "://" in address and name != "GOOGLE_ISSUERS":
            uses.setdefault(_host(address), set()).add("Google: sign-in and calendars")
    uses.setdefault(_host(settings.REDIS_URL), set()).add("queue")
    for database in settings.DATABASES.values():
        for host in str(database.get("HOST") or "local").split(","):
            uses.setdefault("local" if _is_local(host) else host, set()).add("database")
    if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        uses.setdefault("local" if _is_local(settings.EMAIL_HOST) else settings.EMAIL_HOST, set()).add("mail")
    for use, address in _of_amazon():
        uses.setdefault(_host(address), set()).add(use)
    return {host: sorted(words) for host, words in sorted(uses.items())}


def seen() -> list[str]:
    """Hosts that any process of this installation has resolved, as far as Redis remembers."""
    save()
    try:
        names: Iterable[bytes] = _client().smembers(KEY)  # type: ignore[assignment]
    except redis.RedisError:
        return sorted(_saved)
    return sorted({name.decode() for name in names} | _saved)


def outside(hosts: Iterable[str]) -> list[str]:
    """Of these hosts, those that the published list doesn't name."""
    allowed = set(published())
    return sorted(host for host in set(hosts) if host not in allowed and not _is_local(host))


def listen() -> None:
    """Begin to hear. Once a process; a hook can't be taken back."""
    sys.addaudithook(_hear)
    request_finished.connect(_save_later, dispatch_uid="egress")
    task_postrun.connect(_save_later, dispatch_uid="egress")


def save(**_: Any) -> None:
    """Hand what was heard to Redis. Never from inside the hook: that would resolve names itself."""
    with _lock:
        fresh = _unsaved - _saved
    if not fresh:
        return
    try:
        _client().sadd(KEY, *fresh)
    except redis.RedisError:
        return
    with _lock:
        _saved.update(fresh)
        _unsaved.difference_update(fresh)


def _save_later(**_: Any) -> None:
    save()


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo" and arguments and arguments[0]:
        host = arguments[0].decode() if isinstance(arguments[0], bytes) else str(arguments[0])
        if not _is_local(host):
            _unsaved.add(host.casefold())


def _of_amazon() -> list[tuple[str, str]]:
    """KMS and S3, where they are used."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    found = []
    if settings.CLOCKWISE_KEY_PROVIDER == "kms":
        found.append(("master key", endpoint or f"https://kms.{region}.amazonaws.com"))
    if settings.CLOCKWISE_KEYSTORE.startswith("s3://"):
        found.append(("wrapped keys", endpoint or f"https://s3.{region}.amazonaws.com"))
    if settings.CLOCKWISE_AUDIT_ANCHORS:
        found.append(("anchors of the audit log", endpoint or f"https://s3.{region}.amazonaws.com"))
    return found


def _host(address: str) -> str:
    host = urlsplit(address).hostname or "local"
    return "local" if _is_local(host) else host


def _is_local(host: str) -> bool:
    host = unquote(host)
    if host in ("local", "localhost") or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
