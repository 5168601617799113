"""Calendars that are left out: by an admin for the whole organization, by a member for oneself.

Clockwise names such a calendar in no request to Google and stores nothing of it. An admin's rule binds every member.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations.models import Member
from clockwise.organizations.plans import Feature, ensure
from clockwise.tenancy.prepared import by_ids
from privacy import policy, purges
from privacy.models import CalendarExclusion, ExclusionPattern, Purge

Kind = CalendarExclusion.Kind
LONGEST_PATTERN = 320
MOST_RULES = 1000


class BadPattern(ValueError):
    """The message says what to write instead."""


@dataclass(frozen=True)
class CalendarFacts:
    """What a rule can look at. `owner`: address of the member in whose list it stands as theirs, else empty."""

    google_id: str
    title: str = ""
    owner: str = ""


@dataclass(frozen=True)
class KnownCalendar:
    """A calendar that is stored now."""

    row_id: UUID
    member_id: UUID
    facts: CalendarFacts
    is_primary: bool


@dataclass(frozen=True)
class Keeper:
    """Who stores calendars. `purge` erases them in the caller's transaction and answers counts by word;
    `read_anew` is called after the commit of a rule's removal.
    """

    known: Callable[[UUID | None], Iterable[KnownCalendar]]
    purge: Callable[[list[UUID]], dict[str, int]]
    read_anew: Callable[[UUID | None], None]


_keepers: list[Keeper] = []


def keeper(found: Keeper) -> Keeper:
    """Register who stores calendars."""
    _keepers.append(found)
    return found


@dataclass(frozen=True)
class Rule:
    kind: str
    text: str

    def matches(self, calendar: CalendarFacts) -> bool:
        google_id = calendar.google_id.casefold()
        match self.kind:
            case Kind.CALENDAR:
                return google_id == self.text
            case Kind.OWNER:
                return self.text in (google_id, calendar.owner.casefold())
            case Kind.ADDRESS_PATTERN:
                return fnmatchcase(google_id, self.text)
            case Kind.NAME_PATTERN:
                return fnmatchcase(calendar.title.casefold(), self.text)
        raise ValueError(self.kind)


def rules_for(member_id: UUID) -> list[Rule]:
    """The admins' rules and the member's own."""
    return [_rule(exclusion) for exclusion in _binding().rows(member_id)]


@by_ids
def _binding(member_id: UUID) -> QuerySet[CalendarExclusion]:
    return CalendarExclusion.objects.filter(Q(member=None) | Q(member=member_id))


def rules_of_organization() -> list[Rule]:
    """The admins' rules alone."""
    return [_rule(exclusion) for exclusion in of_organization()]


def leaves_out(rules: Iterable[Rule], calendar: CalendarFacts) -> bool:
    return any(rule.matches(calendar) for rule in rules)


def of_organization() -> list[CalendarExclusion]:
    return list(CalendarExclusion.objects.filter(member=None).order_by("created_at", "id"))


def of_member(member: Member) -> list[CalendarExclusion]:
    return list(CalendarExclusion.objects.filter(member=member).order_by("created_at", "id"))


def known(member_id: UUID | None = None) -> list[KnownCalendar]:
    """What is stored now, of one member or of all."""
    return [calendar for keeper in _keepers for calendar in keeper.known(member_id)]


def affected(kind: str, text: str, *, member: Member | None = None) -> list[KnownCalendar]:
    """What a rule would erase. Raises BadPattern."""
    rule = Rule(kind, _cleaned(kind, text))
    return [calendar for calendar in known(member.pk if member else None) if rule.matches(calendar.facts)]


def add(kind: str, text: str, *, by: Member, member: Member | None = None, name: str = "") -> CalendarExclusion:
    """Leave calendars out from this commit on, and have what is stored of them erased.

    `member`: whose own rule it is; without one an admin's, for all. Raises BadPattern and FeatureLocked.
    """
    ensure(Feature.CALENDAR_EXCLUSIONS)
    cleaned = _cleaned(kind, text)
    policy.change()
    of_same = CalendarExclusion.objects.filter(member=member, kind=kind)
    if same := next((found for found in of_same if found.pattern.text == cleaned), None):
        return same
    if CalendarExclusion.objects.filter(member=member).count() >= MOST_RULES:
        raise BadPattern(f"There are {MOST_RULES} rules already. Use a pattern that covers several of them.")
    exclusion = CalendarExclusion(member=member, kind=kind, created_at=clock.now(), created_by=by.pk)
    exclusion.claim_for_current_organization()
    exclusion.pattern = ExclusionPattern(cleaned, name.strip()[:200])
    exclusion.save(force_insert=True)
    purges.request(Purge.Cause.EXCLUSION, by=by.pk, cause_id=exclusion.pk, member_id=exclusion.member_id)
    record("privacy.calendar_excluded", by=by.pk, target=exclusion, kind=kind, own=member is not None)
    return exclusion


def remove(exclusion: CalendarExclusion, *, by: Member) -> None:
    """Let the calendars in again; they are read anew. An admin's rule is an admin's to remove: the caller knows."""
    ensure(Feature.CALENDAR_EXCLUSIONS)
    policy.change()
    member_id = exclusion.member_id
    record("privacy.calendar_included", by=by.pk, target=exclusion, kind=exclusion.kind, own=member_id is not None)
    exclusion.delete()
    transaction.on_commit(lambda: _read_anew(member_id))


def _read_anew(member_id: UUID | None) -> None:
    for keeper in _keepers:
        keeper.read_anew(member_id)


@purges.carries_out(Purge.Cause.EXCLUSION)
def _erase(purge: Purge) -> dict[str, int]:
    """Every stored calendar that a rule of now leaves out."""
    rules: dict[UUID, list[Rule]] = {}
    counts = []
    for keeper in _keepers:
        out = []
        for calendar in keeper.known(purge.member_id):
            of_member = rules.setdefault(calendar.member_id, rules_for(calendar.member_id))
            if leaves_out(of_member, calendar.facts):
                out.append(calendar.row_id)
        counts.append(keeper.purge(out))
    return purges.add_up(counts)


def _rule(exclusion: CalendarExclusion) -> Rule:
    return Rule(exclusion.kind, exclusion.pattern.text)


def _cleaned(kind: str, text: str) -> str:
    cleaned = text.strip().casefold()
    if kind not in Kind.values:
        raise BadPattern("Choose what the rule looks at.")
    if not cleaned or len(cleaned) > LONGEST_PATTERN or not cleaned.isprintable():
        raise BadPattern("Write an address, or a pattern such as *@group.calendar.google.com.")
    if kind in (Kind.CALENDAR, Kind.OWNER) and "@" not in cleaned:
        raise BadPattern("Write the whole address, such as boardroom@company.example.")
    if kind in (Kind.ADDRESS_PATTERN, Kind.NAME_PATTERN) and not cleaned.strip("*?"):
        raise BadPattern("That pattern would leave out every calendar. Name at least a part of the address or name.")
    return cleaned
