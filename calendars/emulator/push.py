"""Push channels: a POST without a body, soon after a change.

Documented at developers.google.com/workspace/calendar/api/guides/push.
"""

import hashlib
import queue
import threading
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from calendars.emulator.errors import ApiError
from calendars.emulator.state import Channel, State

Json = dict[str, Any]
LIFETIME = timedelta(days=7)
TIMEOUT_SECONDS = 5


class Push:
    """Messages leave on one thread of their own, in order."""

    def __init__(self, state: State, url: str) -> None:
        self.state, self.url = state, url
        self._messages: queue.Queue[tuple[Channel, str, int] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._deliver, daemon=True)
        self._thread.start()

    def watch(self, calendar_id: str, body: Json) -> Json:
        channel_id = str(body.get("id", ""))
        if not channel_id or len(channel_id) > 64 or body.get("type") != "web_hook" or not body.get("address"):
            raise ApiError(400, "required", "Required")
        if channel_id in self.state.channels:
            raise ApiError(400, "channelIdNotUnique", "Channel id not unique")
        wanted = body.get("expiration")
        now = self.state.now()
        expires = datetime.fromtimestamp(int(wanted) / 1000, UTC) if wanted else now + LIFETIME
        resource = hashlib.sha256(calendar_id.encode()).hexdigest()[:24]
        channel = Channel(
            channel_id, calendar_id, body["address"], body.get("token", ""), resource, min(expires, now + LIFETIME)
        )
        self.state.channels[channel_id] = channel
        self._send(channel, "sync")
        return {
            "kind": "api#channel",
            "id": channel.id,
            "resourceId": resource,
            "resourceUri": self._uri(channel),
            "token": channel.token,
            "expiration": str(int(channel.expires_at.timestamp() * 1000)),
        }

    def stop(self, body: Json) -> None:
        channel = self.state.channels.get(str(body.get("id")))
        if channel is None or channel.resource_id != body.get("resourceId"):
            raise ApiError(404, "notFound", "Channel not found")
        del self.state.channels[channel.id]

    def changed(self, calendar_id: str) -> None:
        for channel in list(self.state.channels.values()):
            if channel.calendar == calendar_id and channel.expires_at > self.state.now():
                self._send(channel, "exists")

    def close(self) -> None:
        self._messages.put(None)

    def _send(self, channel: Channel, resource_state: str) -> None:
        channel.message += 1
        self._messages.put((channel, resource_state, channel.message))

    def _deliver(self) -> None:
        while message := self._messages.get():
            channel, resource_state, number = message
            headers = {
                "X-Goog-Channel-ID": channel.id,
                "X-Goog-Channel-Token": channel.token,
                "X-Goog-Channel-Expiration": format_datetime(channel.expires_at, usegmt=True),
                "X-Goog-Resource-ID": channel.resource_id,
                "X-Goog-Resource-URI": self._uri(channel),
                "X-Goog-Resource-State": resource_state,
                "X-Goog-Message-Number": str(number),
            }
            request = urllib.request.Request(channel.address, data=b"", headers=headers, method="POST")  # noqa: S310
            try:
                urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS).close()  # noqa: S310
            except (urllib.error.URLError, OSError):
                continue  # Google retries some; the product must live with lost ones anyway

    def _uri(self, channel: Channel) -> str:
        return f"{self.url}/calendar/v3/calendars/{channel.calendar}/events?alt=json"
