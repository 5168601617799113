"""Which parts of an event Clockwise may ask Google for, and what goes when one is shut out."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Subquery
from django.db.models.functions import JSONObject

from clockwise.audit.record import record
from clockwise.organizations.plans import Feature, ensure
from privacy import policy, purges
from privacy.models import ProcessingSettings, Purge


@dataclass(frozen=True)
class Part:
    """A part of an event. `name` is the setting's; `use` and `loss` are the page's words."""

    name: str
    label: str
    use: str
    loss: str


PARTS = (
    Part(
        "descriptions",
        "Descriptions",
        "Shown on the event's page.",
        "Nothing else: no rule of Clockwise reads a description.",
    ),
    Part(
        "locations",
        "Locations",
        "Shown on the event's page; travel time around events outside the office.",
        "Travel time is no longer kept free by itself.",
    ),
    Part(
        "conference_links",
        "Conference links",
        "The button to join on the event's page.",
        "People join from Google Calendar instead.",
    ),
    Part(
        "attendees",
        "Attendee lists",
        "Who has to be free when a meeting moves; which meetings are with outsiders; who has declined.",
        "Guests' names, addresses and answers are unknown: meetings can't be made flexible any more, and a "
        "declined one still counts as busy. Focus time and lunch go on as before.",
    ),
    Part(
        "titles",
        "Titles",
        "Shown in the week; keywords tell out-of-office and lunch from meetings.",
        "Every event is shown as Busy, and keyword rules find nothing.",
    ),
)
_BY_NAME = {part.name: part for part in PARTS}

Purger = Callable[[frozenset[str]], dict[str, int]]
Reader = Callable[[], None]
_purgers: list[Purger] = []
_readers: list[Reader] = []


class UnknownPart(ValueError):
    """No part of an event has this name."""


def purger(function: Purger) -> Purger:
    """Register who erases stored values: it gets names of PARTS and answers how many values of which went.

    It runs in the transaction that erases, for the current organization.
    """
    _purgers.append(function)
    return function


def reader(function: Reader) -> Reader:
    """Register who reads everything anew once a part is let in; it runs after the commit."""
    _readers.append(function)
    return function


def settings() -> ProcessingSettings:
    """The current organization's choice. Descriptions stay out until an admin lets them in: nothing needs them."""
    return ProcessingSettings.objects.first() or ProcessingSettings()


def wanted() -> dict[str, bool]:
    """What may be asked of Google, as the arguments of `clockwise.google.fields`."""
    return _parts_of(settings())


def as_column() -> Subquery:
    """For a query of the caller's own: what `wanted_by` turns into what `wanted` would answer in its transaction."""
    chosen = ProcessingSettings.objects.values(parts=JSONObject(**{part.name: part.name for part in PARTS}))
    return Subquery(chosen[:1])


def wanted_by(column: dict[str, bool] | None) -> dict[str, bool]:
    return column or _parts_of(ProcessingSettings())


def _parts_of(chosen: ProcessingSettings) -> dict[str, bool]:
    return {part.name: getattr(chosen, part.name) for part in PARTS}


def shut_out_now() -> frozenset[str]:
    """Names of the parts that may not be stored."""
    return shut_out_by(wanted())


def shut_out_by(chosen: dict[str, bool]) -> frozenset[str]:
    """The same for what `wanted` has answered."""
    return frozenset(name for name, allowed in chosen.items() if not allowed)


def shut_out(name: str, *, by: UUID) -> Purge | None:
    """Never ask for this part again, and erase what is stored of it. None if it is out already.

    Raises UnknownPart, and FeatureLocked when the plan doesn't allow a change.
    """
    chosen = _for_change(name)
    if not getattr(chosen, name):
        return None
    setattr(chosen, name, False)
    chosen.save()
    purge = purges.request(Purge.Cause.PROCESSING, by=by)
    record("privacy.processing_changed", by=by, target=chosen, part=name, allowed=False)
    return purge


def let_in(name: str, *, by: UUID) -> bool:
    """Ask for this part from now on; the caller has made sure that an admin confirmed it. False if it is in already."""
    chosen = _for_change(name)
    if getattr(chosen, name):
        return False
    setattr(chosen, name, True)
    chosen.save()
    record("privacy.processing_changed", by=by, target=chosen, part=name, allowed=True)
    for function in _readers:
        function()
    return True


def stored(name: str) -> int:
    """How many values of this part are stored now: what shutting it out would erase."""
    return sum(count(name) for count in _counters)


Counter = Callable[[str], int]
_counters: list[Counter] = []


def counter(function: Counter) -> Counter:
    """Register who tells how many values of a part are stored."""
    _counters.append(function)
    return function


@purges.carries_out(Purge.Cause.PROCESSING)
def _erase(purge: Purge) -> dict[str, int]:
    """Everything that is shut out now, whichever change asked for it: doing it again erases nothing more."""
    out = shut_out_now()
    return purges.add_up(function(out) for function in _purgers)


def _for_change(name: str) -> ProcessingSettings:
    if name not in _BY_NAME:
        raise UnknownPart(name)
    ensure(Feature.PROCESSING_SETTINGS)
    policy.change()
    return settings()
