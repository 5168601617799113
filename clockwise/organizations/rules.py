"""The organization's rules: run time, freeze, window, and the words that tell days off from meetings."""

import re
from dataclasses import asdict, dataclass, replace
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations.models import Keywords, Member, Organization, OrganizationRules

MOST_PHRASES = 200
LONGEST_PHRASE = 80


class BadRules(ValueError):
    """`problems`: field name to what to write instead."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = problems


@dataclass(frozen=True)
class Wanted:
    """As a form has it: texts, not yet checked."""

    time_zone: str
    run_enabled: bool
    run_time: str
    run_days: tuple[str, ...]
    freeze_hours: str
    weeks_ahead: str
    away: str
    holiday: str
    not_away: str
    lunch: str


def current() -> OrganizationRules:
    """The current organization's rules, saved or the defaults."""
    rules = OrganizationRules.objects.first()
    if rules is None:
        rules = OrganizationRules(changed_at=clock.now())
        rules.claim_for_current_organization()
        rules.keywords = Keywords()
    return rules


def take_time_zone(organization_id: UUID, zone: str) -> None:
    """An organization is where its first calendar is, until an admin says otherwise."""
    if zone in available_timezones() and not OrganizationRules.objects.exists():
        Organization.objects.filter(pk=organization_id).update(time_zone=zone)


def save(wanted: Wanted, *, by: Member) -> list[str]:
    """Check and store; runs that begin from now on use them. Returns the names of what changed. Raises BadRules."""
    checked = _checked(wanted)
    organization = Organization.objects.select_for_update().get(pk=by.organization_id)
    rules = current()
    changed = [name for name, value in checked.items() if value != getattr(_holder(name, rules, organization), name)]
    for name in changed:
        setattr(_holder(name, rules, organization), name, checked[name])
    if changed:
        rules.changed_at = clock.now()
        rules.save()
        organization.save(update_fields=["time_zone"])
        # Names only: phrases may name a project or a person.
        record("organization.settings_changed", by=by.pk, target=rules, settings=sorted(changed))
    return changed


def _holder(name: str, rules: OrganizationRules, organization: Organization) -> OrganizationRules | Organization:
    return organization if name == "time_zone" else rules


def keywords_of(wanted: Wanted) -> Keywords:
    """The lists as they stand in the form, for trying them before they are saved. Raises BadRules."""
    problems: dict[str, str] = {}
    lists = {name: _phrases(name, getattr(wanted, name), problems) for name in asdict(Keywords())}
    if problems:
        raise BadRules(problems)
    return replace(Keywords(), **lists)


def _checked(wanted: Wanted) -> dict[str, object]:
    problems: dict[str, str] = {}
    checked: dict[str, object] = {"run_enabled": wanted.run_enabled}
    if wanted.time_zone in available_timezones():
        checked["time_zone"] = ZoneInfo(wanted.time_zone).key
    else:
        problems["time_zone"] = "Choose a time zone such as Europe/Berlin."
    if match := re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", wanted.run_time.strip()):
        checked["run_minute"] = int(match[1]) * 60 + int(match[2])
    else:
        problems["run_time"] = "Write a time such as 16:00."
    days = sorted({int(day) for day in wanted.run_days if day in "0123456" and len(day) == 1})
    if days or not wanted.run_enabled:
        checked["run_days"] = days
    else:
        problems["run_days"] = "Choose at least one day, or switch the daily run off."
    _number(checked, problems, "freeze_hours", wanted.freeze_hours, range(73), "Write whole hours from 0 to 72.")
    _number(checked, problems, "weeks_ahead", wanted.weeks_ahead, range(2, 4), "Choose two or three weeks.")
    try:
        checked["keywords"] = keywords_of(wanted)
    except BadRules as bad:
        problems |= bad.problems
    if problems:
        raise BadRules(problems)
    return checked


def _number(
    checked: dict[str, object], problems: dict[str, str], name: str, text: str, allowed: range, remedy: str
) -> None:
    if re.fullmatch(r"\d{1,3}", text.strip()) and int(text) in allowed:
        checked[name] = int(text)
    else:
        problems[name] = remedy


def _phrases(name: str, text: str, problems: dict[str, str]) -> tuple[str, ...]:
    """One phrase a line."""
    phrases = tuple(dict.fromkeys(" ".join(line.casefold().split()) for line in text.splitlines() if line.strip()))
    if len(phrases) > MOST_PHRASES:
        problems[name] = f"At most {MOST_PHRASES} phrases."
    elif too_long := next((p for p in phrases if len(p) > LONGEST_PHRASE or not p.isprintable()), None):
        problems[name] = f"A phrase has at most {LONGEST_PHRASE} characters: {too_long[:20]}…"
    return phrases
