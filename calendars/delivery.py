"""Carries out what the outbox holds: lease writes, send them with no transaction open, settle them in a second one.

What makes a repetition harmless is at Google: an insert's id is ours, a patch and a delete carry the etag that was
decided on.
"""

import logging
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from calendars import connections, outbox, pacing
from calendars.models import Calendar, GoogleConnection, OutboxWrite
from calendars.outbox import Outcome
from clockwise import clock
from clockwise.google.client import CalendarClient, SendUpdates
from clockwise.google.errors import (
    AccessMisconfigured,
    Duplicate,
    EventChanged,
    Gone,
    GoogleError,
    GoogleUnavailable,
    GrantRevoked,
    NotFound,
    OverBudget,
    QuotaExhausted,
    RateLimited,
)
from clockwise.google.event import GoogleEvent, UnreadableEvent, parse_event
from clockwise.google.fields import event_fields
from clockwise.tenancy import current
from privacy import processing

log = logging.getLogger(__name__)
Json = dict[str, Any]
LEASE = timedelta(seconds=60)
PARKED = timedelta(hours=1)
LONGEST_DELAY_SECONDS = 15 * 60
# After a refusal for too many requests within a minute (SYNC 1.5).
LONGEST_RATE_SECONDS = 64
# Beyond this the write is told as failed: the people concerned know better than the fortieth try.
MOST_ATTEMPTS = 40
# How many reserved ids in a row are taken for bad luck.
MOST_IDS = 5
# One person's writes that are leased, and settled, together; and the time after which the rest is somebody else's.
TOGETHER = 20
SECONDS_TOGETHER = 10
# How many people's writes are under way at once: most of the time is spent waiting for Google.
AT_ONCE = 8


def deliver(*, seconds: float = float("inf")) -> set[UUID]:
    """Carry out what is due, several people's writes at once, until nothing is or the time is over.

    Returns the calendars that were written to.
    """
    until = time.monotonic() + seconds
    organization_id = current.require_organization_id()

    def work() -> set[UUID]:
        with current.acting_for(organization_id):
            return _deliver(until)

    waiting = min(_calendars_waiting(), AT_ONCE)
    if waiting < 2:
        return _deliver(until)
    with ThreadPoolExecutor(waiting) as pool:
        pending = [pool.submit(_and_close, work) for _ in range(waiting)]
        return set().union(*(future.result() for future in pending))


def is_waiting() -> bool:
    """Whether a write could be carried out now."""
    return _calendars_waiting() > 0


def _calendars_waiting() -> int:
    with current.transaction():
        return _free(clock.now()).values("calendar").distinct().count()


def _and_close(work: Any) -> set[UUID]:
    """A thread's connection to the database ends with it."""
    try:
        found: set[UUID] = work()
        return found
    finally:
        connection.close()


def _deliver(until: float) -> set[UUID]:
    touched = set()
    while time.monotonic() < until and (writes := claim()):
        perform(writes)
        touched.add(writes[0].calendar_id)
    return touched


def claim() -> list[OutboxWrite]:
    """Lease writes that are due, all of one calendar, oldest first; none where nothing is. Opens its own transaction.

    A calendar is in one worker's hands at a time, so that a refusal that concerns all of a person's writes comes once.
    Writes to one event keep their order: the deletion of a hold doesn't overtake its insert.
    """
    at = clock.now()
    with current.transaction():
        oldest = _free(at).filter(calendar=OuterRef("pk")).order_by("decided_at").values("decided_at")[:1]
        # First the few that anything is due of: looking for the oldest write of every calendar would take long.
        due = OutboxWrite.objects.filter(state=OutboxWrite.State.PENDING, not_before__lte=at)
        waiting = Calendar.objects.filter(pk__in=due.values("calendar")).annotate(oldest=Subquery(oldest))
        waiting = waiting.filter(oldest__isnull=False)
        # Passing over those in whose rows somebody else is, here to lease or in a sync to store.
        free = waiting.select_for_update(skip_locked=True, of=("self",), no_key=True)
        calendar = free.order_by("oldest", "pk").first()
        if calendar is None:
            return []
        ids = list(_free(at).filter(calendar=calendar).order_by("decided_at", "id").values_list("pk", flat=True))
        leased = OutboxWrite.objects.filter(pk__in=ids[:TOGETHER])
        leased.update(leased_until=at + LEASE, attempts=F("attempts") + 1)
        return list(leased.select_related("calendar").order_by("decided_at", "id"))


def _free(at: datetime) -> QuerySet[OutboxWrite]:
    """Due, the first of its event, on a calendar that nobody is writing to, of a person who isn't parked."""
    pending = OutboxWrite.objects.filter(state=OutboxWrite.State.PENDING)
    in_hand = pending.filter(calendar=OuterRef("calendar"), leased_until__gt=at)
    due = pending.filter(not_before__lte=at).exclude(calendar__connection__writes_parked_until__gt=at)
    return due.exclude(Exists(_earlier())).exclude(Exists(in_hand))


def _earlier() -> QuerySet[OutboxWrite]:
    """Pending writes to the same event that were decided before."""
    same = OutboxWrite.objects.filter(calendar=OuterRef("calendar"), google_id=OuterRef("google_id"))
    before = Q(decided_at__lt=OuterRef("decided_at")) | Q(decided_at=OuterRef("decided_at"), pk__lt=OuterRef("pk"))
    return same.filter(before, state=OutboxWrite.State.PENDING)


@dataclass(frozen=True)
class Sender:
    """One connection, for the writes that are sent together."""

    client: CalendarClient
    fields: str


class Parked(Exception):
    """Google has had enough of this person's writes for now."""


class IdReserved(Exception):
    """Google keeps the id of an event to be made for one that was deleted."""


def perform(writes: Sequence[OutboxWrite]) -> None:
    """Send leased writes of one calendar and settle them, or give them back."""
    calendar = writes[0].calendar
    sender = Sender(connections.client_for(calendar.connection_id, share=pacing.WRITING), _fields())
    until, left, outcomes = time.monotonic() + SECONDS_TOGETHER, list(writes), []
    with suppress(Parked):
        while left and time.monotonic() < until:
            if outcome := _attempt(left.pop(0), sender):
                outcomes.append(outcome)
    _release(left)
    _settle(calendar.pk, outcomes)


def _settle(calendar_id: UUID, outcomes: Sequence[Outcome]) -> None:
    """All at once; where that can't be, each by itself, so that one that nobody understands holds up no other."""
    try:
        outbox.settle(calendar_id, outcomes)
    except Exception as error:  # noqa: BLE001
        log.error("Writes couldn't be settled: %s.", type(error).__name__)
        for outcome in outcomes:
            _settle_alone(calendar_id, outcome)


def _settle_alone(calendar_id: UUID, outcome: Outcome) -> None:
    try:
        outbox.settle(calendar_id, [outcome])
    except Exception as error:  # noqa: BLE001
        log.error("A write couldn't be settled: %s.", type(error).__name__)
        if give_back(outcome.write, GoogleUnavailable("unexpected")):
            outbox.set_aside(outcome.write)


def _attempt(write: OutboxWrite, sender: Sender) -> Outcome | None:
    """How it ended; None if it was given back. Raises Parked, having given it back."""
    began_at = clock.now()
    try:
        event = _send(write, sender)
    except GrantRevoked as revoked:
        if connections.mark_revoked(write.calendar.connection_id, reason=revoked.reason, since=began_at):
            return Outcome(write, OutboxWrite.State.DROPPED, problem="access_ended")
        return give_back(write, revoked)
    except (RateLimited, QuotaExhausted) as error:
        _park(write, error)
    except (GoogleUnavailable, AccessMisconfigured) as error:
        return give_back(write, error)
    except EventChanged as error:
        return Outcome(write, OutboxWrite.State.STALE, problem=error.reason)
    except GoogleError as error:
        return Outcome(write, OutboxWrite.State.FAILED, problem=error.reason)
    except Exception as error:  # noqa: BLE001
        # One that can't be dealt with must not hold up those behind it. Its words stay out of the log.
        log.error("A write met an unexpected %s.", type(error).__name__)
        return give_back(write, GoogleUnavailable("unexpected"))
    else:
        return Outcome(write, OutboxWrite.State.DONE, event=event)
    raise Parked


def give_back(write: OutboxWrite, error: GoogleError) -> Outcome | None:
    """Try again later: when Google says so, else after a growing, scattered delay. Failed after the last attempt."""
    if write.attempts >= MOST_ATTEMPTS:
        return Outcome(write, OutboxWrite.State.FAILED, problem=error.reason)
    with current.transaction():
        OutboxWrite.objects.filter(pk=write.pk, state=OutboxWrite.State.PENDING).update(
            not_before=clock.now() + _delay(write, error), leased_until=None, problem=error.reason
        )
    return None


def _park(write: OutboxWrite, error: RateLimited | QuotaExhausted) -> None:
    """None of this person's writes is tried for a while, and other people's go on.

    Only too many requests within a minute count as an attempt, since their delay grows with it.
    """
    until = clock.now() + (PARKED if isinstance(error, QuotaExhausted) else _delay(write, error))
    in_vain = 0 if isinstance(error, (QuotaExhausted, OverBudget)) else 1
    with current.transaction():
        GoogleConnection.objects.filter(pk=write.calendar.connection_id).update(writes_parked_until=until)
        OutboxWrite.objects.filter(pk=write.pk, state=OutboxWrite.State.PENDING).update(
            not_before=until, leased_until=None, problem=error.reason, attempts=write.attempts - 1 + in_vain
        )


def _release(writes: Sequence[OutboxWrite]) -> None:
    """Not tried after all: as if they had never been leased."""
    if writes:
        with current.transaction():
            pending = OutboxWrite.objects.filter(pk__in=[w.pk for w in writes], state=OutboxWrite.State.PENDING)
            pending.update(leased_until=None, attempts=F("attempts") - 1)


def _delay(write: OutboxWrite, error: GoogleError) -> timedelta:
    """Doubled with each attempt and scattered, so that those who failed together don't come back together."""
    if isinstance(error, OverBudget) and error.retry_after:
        return timedelta(seconds=error.retry_after)
    longest = LONGEST_RATE_SECONDS if isinstance(error, RateLimited) else LONGEST_DELAY_SECONDS
    backoff = min(2 ** min(write.attempts, 16) + random.random(), longest)  # noqa: S311 - scatter, no secret
    asked = error.retry_after if isinstance(error, GoogleUnavailable) else None
    return timedelta(seconds=max(backoff, asked or 0))


def _send(write: OutboxWrite, sender: Sender) -> GoogleEvent | None:
    """The event as it then is; None where there is none any more. No transaction is open."""
    if write.kind == OutboxWrite.Kind.INSERT:
        return _insert(write, sender)
    if write.kind == OutboxWrite.Kind.PATCH:
        return _patch(write, sender)
    # Deleted before, perhaps by our own lost request.
    with suppress(Gone, NotFound):
        sender.client.delete_event(_calendar(write), write.google_id, etag=write.etag, send_updates=_notices(write))
    return None


def _fields() -> str:
    """As the sync asks: the answer takes the place of what it has stored."""
    with current.transaction():
        return event_fields(**processing.wanted())


def _insert(write: OutboxWrite, sender: Sender) -> GoogleEvent | None:
    for _ in range(MOST_IDS):
        try:
            answer = sender.client.insert_event(
                _calendar(write), write.body.body, fields=sender.fields, send_updates=_notices(write)
            )
            return _parsed(answer, write)
        except Duplicate:
            try:
                return _made_before(write, sender)
            except IdReserved:
                outbox.take_another_id(write)
    raise Duplicate("duplicate")


def _made_before(write: OutboxWrite, sender: Sender) -> GoogleEvent | None:
    """The id is taken: by our own insert whose answer was lost, or the write fails (SYNC W1). Raises IdReserved."""
    try:
        found = sender.client.get_event(_calendar(write), write.google_id, fields=sender.fields)
    except (NotFound, Gone):
        raise IdReserved from None
    is_ours = found.get("extendedProperties", {}).get("private", {}).get(outbox.MARKER) == str(write.pk)
    if is_ours and found.get("status") == "cancelled":
        raise EventChanged("deleted")  # by its person, before we knew that it was made: theirs stands (SYNC W9)
    if is_ours:
        return _parsed(found, write)
    if found.get("status") == "cancelled":
        raise IdReserved
    raise Duplicate("duplicate")


def _patch(write: OutboxWrite, sender: Sender) -> GoogleEvent | None:
    """Raises EventChanged: somebody has edited the event, and their edit stands (SYNC W2)."""
    try:
        answer = sender.client.patch_event(
            _calendar(write),
            write.google_id,
            write.body.body,
            etag=write.etag,
            fields=sender.fields,
            send_updates=_notices(write),
        )
    except EventChanged:
        return _changed_before(write, sender)
    return _parsed(answer, write)


def _changed_before(write: OutboxWrite, sender: Sender) -> GoogleEvent:
    """The event isn't what was decided on: somebody's edit, which stands, or our own patch.

    Its answer was lost, or the lease ran out under way and another worker was faster.
    """
    event = _parsed(sender.client.get_event(_calendar(write), write.google_id, fields=sender.fields), write)
    if event is None or not _is_at(event, write.body.body):
        raise EventChanged("conditionNotMet")
    return event


def _is_at(event: GoogleEvent, body: Json) -> bool:
    wanted = [datetime.fromisoformat(str(body[key]["dateTime"])) for key in ("start", "end")]
    return [event.start, event.end] == wanted


def _parsed(answer: Json, write: OutboxWrite) -> GoogleEvent | None:
    """None for what can't be read: it is done all the same, and the sync sees what came of it."""
    try:
        found = parse_event(answer, calendar_time_zone=write.calendar.time_zone)
    except UnreadableEvent:
        return None
    return found if isinstance(found, GoogleEvent) else None


def _calendar(write: OutboxWrite) -> str:
    return str(write.calendar.details.google_id)


def _notices(write: OutboxWrite) -> SendUpdates:
    return cast(SendUpdates, write.notices)
