"""Push channels: a POST without a body, soon after a change (SYNC 1.4).

Documented at developers.google.com/workspace/calendar/api/guides/push.
"""

import logging
import queue
import secrets
import threading
import urllib.request
import zlib
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, urlsplit

from calendars.emulator.errors import ApiError
from calendars.emulator.faults import Faults
from calendars.emulator.state import Channel, State

Json = dict[str, Any]
LIFETIME = timedelta(days=7)
TIMEOUT_SECONDS = 5
WORKERS = 4
LOOPBACK = ("127.0.0.1", "localhost", "::1")

logger = logging.getLogger(__name__)


class Push:
    """Messages leave on a few threads, each channel's in order."""

    def __init__(self, state: State, faults: Faults, url: str) -> None:
        self.state, self._faults, self._url = state, faults, url
        # No proxy of the environment stands between this Google and a local receiver.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._queues: list[queue.SimpleQueue[tuple[Channel, str, int] | None]] = []
        for _ in range(WORKERS):
            messages: queue.SimpleQueue[tuple[Channel, str, int] | None] = queue.SimpleQueue()
            self._queues.append(messages)
            threading.Thread(target=self._deliver, args=[messages], daemon=True).start()

    def watch(self, email: str, resource: str, body: Json) -> Json:
        """`resource`: a collection's path below `/calendar/v3/`. The `sync` message may overtake the answer."""
        channel = self._opened(email, resource, body)
        self.state.channels[channel.id] = channel
        self._send(channel, "sync")
        answer = {
            "kind": "api#channel",
            "id": channel.id,
            "resourceId": channel.resource_id,
            "resourceUri": self._uri(channel),
            "expiration": str(int(channel.expires_at.timestamp() * 1000)),
        }
        return answer | ({"token": channel.token} if channel.token else {})

    def stop(self, email: str, body: Json) -> None:
        channel = self.state.channels.get(str(body.get("id")))
        if channel is None or (channel.email, channel.resource_id) != (email, body.get("resourceId")):
            raise ApiError(404, "notFound", f"Channel '{body.get('id')}' not found for project")
        del self.state.channels[channel.id]

    def changed(self, resource: str, email: str = "") -> None:
        """Wake those who watch it; with `email`, only that person's channels."""
        now = self.state.now()
        for channel in list(self.state.channels.values()):
            if channel.resource == resource and channel.expires_at > now and email in ("", channel.email):
                self._send(channel, "exists")

    def close(self) -> None:
        for messages in self._queues:
            messages.put(None)

    def _opened(self, email: str, resource: str, body: Json) -> Channel:
        channel_id, address = str(body.get("id") or ""), str(body.get("address") or "")
        if not channel_id or len(channel_id) > 64 or body.get("type") not in ("web_hook", "webhook") or not address:
            raise ApiError(400, "required", "Required")
        if channel_id in self.state.channels:
            raise ApiError(400, "channelIdNotUnique", f"Channel id {channel_id} not unique")
        url = urlsplit(address)
        if url.scheme != "https" and not (url.scheme == "http" and url.hostname in LOOPBACK):
            raise ApiError(400, "push.webhookUrlNotHttps", f"WebHook callback must be HTTPS: {address}")
        now = self.state.now()
        expires = now + timedelta(seconds=int((body.get("params") or {}).get("ttl") or LIFETIME.total_seconds()))
        if body.get("expiration"):
            expires = datetime.fromtimestamp(int(body["expiration"]) / 1000, UTC)
        return Channel(channel_id, email, resource, address, body.get("token") or "", min(expires, now + LIFETIME))

    def _send(self, channel: Channel, resource_state: str) -> None:
        """The first message has the number 1; the others grow, not always by one."""
        channel.message += 1 if resource_state == "sync" else 1 + secrets.randbelow(3)
        messages = self._queues[zlib.crc32(channel.id.encode()) % WORKERS]
        kind = self._faults.take("PUSH", f"/calendar/v3/{channel.resource}", channel.email)
        if kind.startswith("slow:"):
            message = (channel, resource_state, channel.message)
            timer = threading.Timer(float(kind.removeprefix("slow:")), messages.put, [message])
            timer.daemon = True
            timer.start()
            return
        for _ in range({"drop": 0, "twice": 2}.get(kind, 1)):
            messages.put((channel, resource_state, channel.message))

    def _deliver(self, messages: "queue.SimpleQueue[tuple[Channel, str, int] | None]") -> None:
        while message := messages.get():
            channel, resource_state, number = message
            request = urllib.request.Request(  # noqa: S310 - the watcher's own address
                channel.address, data=b"", headers=self._headers(channel, resource_state, number), method="POST"
            )
            try:
                self._opener.open(request, timeout=TIMEOUT_SECONDS).close()
            except (OSError, ValueError) as error:
                # Google repeats some; the product has to live with lost ones anyway.
                logger.info("push to %s failed: %s", channel.address, error)

    def _headers(self, channel: Channel, resource_state: str, number: int) -> dict[str, str]:
        headers = {
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Channel-Expiration": format_datetime(channel.expires_at.astimezone(UTC), usegmt=True),
            "X-Goog-Resource-ID": channel.resource_id,
            "X-Goog-Resource-URI": self._uri(channel),
            "X-Goog-Resource-State": resource_state,
            "X-Goog-Message-Number": str(number),
        }
        return headers | ({"X-Goog-Channel-Token": channel.token} if channel.token else {})

    def _uri(self, channel: Channel) -> str:
        return f"{self._url}/calendar/v3/{quote(channel.resource, safe='/')}?alt=json"


def events_of(calendar_id: str) -> str:
    return f"calendars/{calendar_id}/events"


CALENDAR_LIST = "users/me/calendarList"
SETTINGS = "users/me/settings"
