"""events.list and events.instances: windows, pages and sync tokens.

Documented at developers.google.com/workspace/calendar/api/guides/sync.
A page's token holds the listing and the key of its last item, so that edits between two pages neither repeat nor
skip an event; a sync token holds the listing and the change counter at its first page.
"""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from calendars.emulator import busy, views
from calendars.emulator.access import Reader
from calendars.emulator.errors import ApiError, full_sync_required, invalid
from calendars.emulator.recurrence import instant
from calendars.emulator.state import Event, State

Json = dict[str, Any]
Query = dict[str, list[str]]
NEVER_WITH_TOKEN = (
    "iCalUID", "orderBy", "q", "timeMin", "timeMax", "updatedMin", "privateExtendedProperty", "sharedExtendedProperty",
)  # fmt: skip
# A listing with one of these carries no sync token at its end.
WITHOUT_SYNC = ("iCalUID", "orderBy", "q", "updatedMin", "privateExtendedProperty", "sharedExtendedProperty")
LARGEST_PAGE = 2500
# An endless series is expanded this far when no timeMax is given.
ENDLESS = timedelta(days=730)


@dataclass(frozen=True)
class Listing:
    """What is listed. `since`: only later changes. `until`: the change counter at the first page."""

    calendar: str
    start: str = ""
    end: str = ""
    single: bool = False
    deleted: bool = False
    types: tuple[str, ...] = ()
    since: int | None = None
    until: int = 0
    order: str = ""
    uid: str = ""
    private: tuple[str, ...] = ()
    updated_min: str = ""
    series: str = ""
    after: tuple[str | int, ...] = ()


def page(state: State, reader: Reader, query: Query, *, series: str = "", empty: bool = False) -> Json:
    """One page's `items` and the token of the next one, or the sync token. `empty`: a page without items (S2)."""
    listing = _wanted(state, reader, query, series)
    found = sorted(_found(state, reader, listing), key=lambda item: item[0])
    found = [item for item in found if not listing.after or item[0] > listing.after]
    size = 0 if empty else min(int(_one(query, "maxResults") or 250), LARGEST_PAGE)
    shown = [_shown(state, reader, event, suffix) for _, event, suffix in found[:size]]
    if len(found) > size:
        after = found[size - 1][0] if size else listing.after
        return {"items": shown, "nextPageToken": _encoded(replace(listing, after=after))}
    if series or any(query.get(name) for name in WITHOUT_SYNC):
        return {"items": shown}
    return {"items": shown, "nextSyncToken": _encoded(replace(listing, since=None, after=()))}


def whole(state: State, reader: Reader, query: Query) -> list[Json]:
    """All of it on one page."""
    listing = _wanted(state, reader, query, "")
    found = sorted(_found(state, reader, listing), key=lambda item: item[0])
    return [_shown(state, reader, event, suffix) for _, event, suffix in found]


def _wanted(state: State, reader: Reader, query: Query, series: str) -> Listing:
    if query.get("pageToken"):
        return _decoded(_one(query, "pageToken"), reader, "pageToken")
    if query.get("syncToken"):
        return _since(state, reader, query)
    listing = Listing(
        calendar=reader.calendar.id,
        start=_one(query, "timeMin"),
        end=_one(query, "timeMax"),
        single=_is_true(query, "singleEvents") or bool(series),
        deleted=_is_true(query, "showDeleted"),
        types=tuple(query.get("eventTypes", ())),
        until=state.counter,
        order=_one(query, "orderBy"),
        uid=_one(query, "iCalUID"),
        private=tuple(query.get("privateExtendedProperty", ())),
        updated_min=_one(query, "updatedMin"),
        series=series,
    )
    start, end = instant_of(listing.start, "timeMin"), instant_of(listing.end, "timeMax")
    instant_of(listing.updated_min, "updatedMin")
    if start and end and start >= end:
        message = "The specified time range is empty."
        raise ApiError(400, "timeRangeEmpty", message, domain="calendar", locationType="parameter", location="timeMax")
    if listing.order == "startTime" and not listing.single:
        raise ApiError(400, "badRequest", "The requested ordering is not available for the particular query.")
    return listing


def _since(state: State, reader: Reader, query: Query) -> Listing:
    """Raises 400 for parameters that may not accompany the token, 410 for one that has expired (S3, S4)."""
    for name in NEVER_WITH_TOKEN:
        if query.get(name):
            raise invalid(f"Sync token cannot be used with {name}.", locationType="parameter", location=name)
    kept = _decoded(_one(query, "syncToken"), reader, "syncToken")
    if kept.until < state.oldest_token or kept.until > state.counter:
        raise full_sync_required()
    if _one(query, "showDeleted").lower() == "false":
        raise invalid(
            "showDeleted cannot be false with a sync token.", locationType="parameter", location="showDeleted"
        )
    same = (_is_true(query, "singleEvents"), tuple(query.get("eventTypes", ()))) == (kept.single, kept.types)
    if not same:
        raise invalid("All other parameters must be those of the first listing.")
    return replace(kept, since=kept.until, until=state.counter)


Found = tuple[tuple[str | int, ...], Event, str | None]


def _found(state: State, reader: Reader, listing: Listing) -> Iterator[Found]:
    calendar = reader.calendar
    start, end = instant_of(listing.start, "timeMin"), instant_of(listing.end, "timeMax")
    until = end or state.now() + ENDLESS
    for number, event in enumerate(calendar.events.values()):
        if listing.series not in ("", event.id) or not _is_asked_for(event, calendar.id, listing):
            continue
        for suffix, begins, ends in _candidates(event, reader, listing, start, until):
            changed = event.changed_on(calendar.id, suffix)
            if listing.since is not None and changed <= listing.since:
                continue
            if listing.since is None:
                if not _is_in(calendar.time_zone, begins, ends, start, end):
                    continue
                if event.is_cancelled(calendar.id, suffix) and not _shows_cancelled(
                    listing, event, calendar.id, suffix
                ):
                    continue
            yield _key(listing, number, event, suffix, begins, calendar.time_zone), event, suffix
        yield from _gone(event, listing, number)


def _is_asked_for(event: Event, calendar_id: str, listing: Listing) -> bool:
    if listing.types and event.fields.get("eventType", "default") not in listing.types:
        return False
    if listing.uid and event.fields["iCalUID"] != listing.uid:
        return False
    if listing.updated_min and event.updated < listing.updated_min:
        return False
    private = event.own_fields(calendar_id, None).get("private") or {}
    return all(private.get(name) == value for name, _, value in (text.partition("=") for text in listing.private))


def _candidates(
    event: Event, reader: Reader, listing: Listing, start: datetime | None, until: datetime
) -> Iterator[tuple[str | None, Json, Json]]:
    """What may be listed of an event: itself, its instances in the window, its exceptions wherever they are."""
    calendar = reader.calendar
    if not event.is_series:
        yield None, event.fields["start"], event.fields["end"]
    elif listing.single:
        yield from _instances(event, reader, listing, start, until)
    else:
        first = (None, event.fields["start"], event.fields["end"])
        _, begins, ends = next(busy.instances(event, calendar, start, until), first)
        yield None, begins, ends
        for suffix in event.instances:
            known = views.facts(event, suffix, calendar.time_zone)
            yield suffix, known["start"], known["end"]


def _instances(
    event: Event, reader: Reader, listing: Listing, start: datetime | None, until: datetime
) -> Iterator[tuple[str | None, Json, Json]]:
    calendar = reader.calendar
    if listing.since is None or event.changed_on(calendar.id, None) > listing.since:
        yield from busy.instances(event, calendar, start, until)
        return
    for suffix in event.instances:
        known = views.facts(event, suffix, calendar.time_zone)
        yield suffix, known["start"], known["end"]


def _gone(event: Event, listing: Listing, number: int) -> Iterator[Found]:
    """Instances that the series had at the last listing."""
    if listing.since is not None and listing.single:
        for suffix, changed in event.gone.items():
            if changed > listing.since:
                yield (number, suffix), event, suffix


def _shows_cancelled(listing: Listing, event: Event, calendar_id: str, suffix: str | None) -> bool:
    """Cancelled exceptions are part of a series that is listed as one."""
    if listing.deleted or listing.updated_min:
        return True
    return bool(suffix) and not listing.single and not event.is_cancelled(calendar_id, None)


def _shown(state: State, reader: Reader, event: Event, suffix: str | None) -> Json:
    if suffix in event.gone or event.is_cancelled(reader.calendar.id, suffix):
        return views.tombstone(event, suffix, reader)
    return views.whole(state, event, suffix, reader)


def _key(
    listing: Listing, number: int, event: Event, suffix: str | None, begins: Json, zone: str
) -> tuple[str | int, ...]:
    if listing.order == "startTime":
        return (instant(begins, zone).isoformat(), number, suffix or "")
    if listing.order == "updated":
        return (max(version.updated for version in event.versions(suffix)), number, suffix or "")
    return (number, suffix or "")


def _is_in(zone: str, begins: Json, ends: Json, start: datetime | None, end: datetime | None) -> bool:
    """timeMin bounds the end, timeMax the start, both exclusively."""
    return (start is None or instant(ends, zone) > start) and (end is None or instant(begins, zone) < end)


def _one(query: Query, name: str) -> str:
    return query.get(name, [""])[-1]


def _is_true(query: Query, name: str) -> bool:
    return _one(query, name).lower() == "true"


def instant_of(text: str | None, name: str = "") -> datetime | None:
    """Raises 400 for a time without an offset."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found
    except ValueError:
        pass
    raise ApiError(400, "badRequest", "Bad Request", locationType="parameter", location=name)


def _encoded(listing: Listing) -> str:
    return base64.urlsafe_b64encode(json.dumps(asdict(listing)).encode()).decode()


def _decoded(text: str, reader: Reader, name: str) -> Listing:
    try:
        content: Json = json.loads(base64.urlsafe_b64decode(text))
        known: Json = {key: tuple(value) if isinstance(value, list) else value for key, value in content.items()}
        found = Listing(**known)
    except (ValueError, TypeError, AttributeError, binascii.Error):
        raise invalid(f"Invalid {name} value.", locationType="parameter", location=name) from None
    if found.calendar != reader.calendar.id:
        raise invalid(f"Invalid {name} value.", locationType="parameter", location=name)
    return found
