"""Erases of stored events what the organization's processing settings shut out."""

from collections.abc import Iterable
from dataclasses import replace

from calendars import exclusions
from calendars.models import Event
from calendars.models.event import EventDetails
from privacy import processing

BATCH = 500
# A part's name in privacy.processing to the fields of a stored event that hold it.
FIELDS: dict[str, tuple[str, ...]] = {
    "descriptions": ("description",),
    "locations": ("location",),
    "conference_links": ("conference_link",),
    "attendees": ("attendees", "organizer"),
    "titles": ("title",),
}
_EMPTY = EventDetails()


@processing.purger
def erase(parts: frozenset[str]) -> dict[str, int]:
    """How many values of which part went."""
    counts = dict.fromkeys(parts, 0)
    rows = Event.objects.select_for_update(of=("self",)).order_by("id")
    batch: list[Event] = []
    for event in rows.iterator(chunk_size=BATCH):
        held = [part for part in parts if _holds(event.details, part)]
        if held:
            event.details = without(event.details, held)
            counts.update((part, counts[part] + 1) for part in held)
            batch.append(event)
        if len(batch) >= BATCH:
            _write(batch)
            batch = []
    _write(batch)
    return counts


def without(details: EventDetails, parts: Iterable[str]) -> EventDetails:
    """The details with these parts left empty."""
    names = emptied_by(parts)
    return replace(details, **{name: getattr(_EMPTY, name) for name in names}) if names else details


def emptied_by(parts: Iterable[str]) -> frozenset[str]:
    """The fields of EventDetails that stay empty without these parts."""
    return frozenset(name for part in parts for name in FIELDS[part])


def _holds(details: EventDetails, part: str) -> bool:
    return any(getattr(details, name) != getattr(_EMPTY, name) for name in FIELDS[part])


def _write(events: list[Event]) -> None:
    Event.objects.bulk_create(
        events, update_conflicts=True, unique_fields=["id"], update_fields=["details"], batch_size=BATCH
    )


@processing.counter
def count(part: str) -> int:
    return sum(_holds(event.details, part) for event in Event.objects.all().iterator(chunk_size=BATCH))


processing.reader(exclusions.read_everything_anew)
