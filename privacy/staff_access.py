"""A look by the operator's staff into an organization: asked for with a reason, consented to there, for a time.

What is asked, decided and seen stands in the rows and the audit log of the organization that was asked. Staff see
tables of the data register as they are stored; a sealed value is opened row by row, each time with an entry in the log,
and only where the consent says so. Secrets (tokens, keyed indexes) are shown in neither form.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import models, transaction

from clockwise import clock
from clockwise.audit.record import record
from clockwise.encryption import payloads
from clockwise.encryption.errors import KeyMissing
from clockwise.encryption.sealed import SealedField
from clockwise.organizations import lookups
from clockwise.organizations.models import Member, MemberRow
from clockwise.organizations.names import tells_names
from clockwise.organizations.roles import ADMINISTRATORS
from clockwise.tenancy import current, messages
from clockwise.tenancy.models import TenantModel, time_ordered_id
from privacy import register
from privacy.models import ErrandDetails, StaffAccess, StaffAccessDetails, StaffErrand
from privacy.register import Table

LEAST_MINUTES, MOST_MINUTES = 15, 8 * 60
SHORTEST_REASON, LONGEST_REASON = 20, 1000
# A request that nobody decided can't be granted any more.
LAPSES_AFTER = timedelta(days=7)
PAGE = 25
if TYPE_CHECKING:
    Column = models.Field[Any, Any]
else:
    Column = models.Field
MAIL = """Somebody of the staff that runs {address} asks to look into your organization's data.

Nothing is shown unless an admin allows it. Who asks and why: {address}/organization/staff-access/
"""


class BadAccess(ValueError):
    """The message says what to write or do instead."""


class NoConsent(Exception):
    """Nothing of it may be seen now: never granted, refused, over, taken back, or somebody else's."""


class NoSuchTable(Exception):
    """None that can be looked at has this name."""


@dataclass(frozen=True)
class Errand:
    """What a staff member asked for, as it stands in the other organization now; no access: it wasn't delivered."""

    errand_id: UUID
    domain: str
    reason: str
    access: StaffAccess | None


@dataclass(frozen=True)
class Cell:
    """`kind`: plain, sealed (the text is ciphertext), opened, or secret (no text)."""

    column: str
    kind: str
    text: str


@dataclass(frozen=True)
class Row:
    row_id: UUID
    cells: list[Cell]

    @property
    def is_sealed(self) -> bool:
        return any(cell.kind == "sealed" for cell in self.cells)


@dataclass(frozen=True)
class Page:
    """`next_before`: the id to go on from, None on the last page."""

    table: Table
    rows: list[Row]
    next_before: UUID | None


def ask(member: Member, *, domain: str, reason: str, minutes: int, wants_words: bool) -> UUID:
    """Ask the organization of that domain. Opens its own transactions; returns the id of errand and access.

    member: a staff member whose papers are valid, of the operator's organization. Raises BadAccess.
    """
    domain, reason = domain.strip().casefold(), reason.strip()
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise BadAccess(f"Say why, in {SHORTEST_REASON} to {LONGEST_REASON} characters: its admins read it.")
    if not LEAST_MINUTES <= minutes <= MOST_MINUTES:
        raise BadAccess(f"Ask for {LEAST_MINUTES} to {MOST_MINUTES} minutes.")
    asked = lookups.organization_by_domain(domain)
    if asked is None:
        raise BadAccess("No organization here has this domain.")
    at, access_id = clock.now(), time_ordered_id()
    with current.organization(member.organization_id):
        who = StaffAccessDetails(member.details.name, member.details.address, reason)
        StaffErrand.objects.create(
            id=access_id, member=member, organization_asked=asked, details=ErrandDetails(domain), asked_at=at
        )
    # A crash in between leaves an errand that was not delivered, which its page says.
    with current.organization(asked):
        access = StaffAccess.objects.create(
            id=access_id,
            staff_id=member.pk,
            details=who,
            wants_words=wants_words,
            minutes=minutes,
            asked_at=at,
            lapses_at=at + LAPSES_AFTER,
        )
        record("staff.access_asked", by=member.pk, target=access, minutes=minutes, words=wants_words)
        transaction.on_commit(_wake)
    return access_id


def _wake() -> None:
    from privacy import tasks

    messages.wake(tasks.tell_of_staff_access)


def tell_administrators() -> int:
    """Mail about each request that nobody was told of. Opens its own transactions; returns how many there were."""
    with current.transaction():
        untold = list(StaffAccess.objects.filter(owners_told_at=None).values_list("pk", flat=True))
        people = [member.details.address for member in Member.objects.filter(role__in=ADMINISTRATORS, is_active=True)]
    for access_id in untold:
        # Told twice after a crash in between is better than never.
        text = MAIL.format(address=settings.CLOCKWISE_BASE_URL)
        EmailMessage("A request to look into your data", text, bcc=people).send()
        with current.transaction():
            StaffAccess.objects.filter(pk=access_id).update(owners_told_at=clock.now())
    return len(untold)


def grant(access_id: UUID, *, by: Member, words: bool) -> StaffAccess:
    """Consent, from now for the minutes that were asked for. words: sealed values may be opened, where asked for.

    Raises BadAccess.
    """
    access = _undecided(access_id, by)
    at = clock.now()
    access.decided_at, access.decided_by = at, by.pk
    access.words_allowed = words and access.wants_words
    access.expires_at = at + timedelta(minutes=access.minutes)
    access.save()
    record("privacy.consent_given", by=by.pk, target=access, minutes=access.minutes, words=access.words_allowed)
    return access


def refuse(access_id: UUID, *, by: Member) -> StaffAccess:
    """Raises BadAccess."""
    access = _undecided(access_id, by)
    access.decided_at, access.decided_by = clock.now(), by.pk
    access.save()
    record("staff.access_refused", by=by.pk, target=access, why="refused")
    return access


def withdraw(access_id: UUID, *, by: Member) -> None:
    """From the commit on nothing more is shown. Raises BadAccess."""
    access = StaffAccess.objects.select_for_update().get(pk=access_id)
    if access.state != StaffAccess.State.GRANTED:
        raise BadAccess("It is over already.")
    access.ended_at = clock.now()
    access.save(update_fields=["ended_at"])
    record("privacy.consent_withdrawn", by=by.pk, target=access)


def _undecided(access_id: UUID, by: Member) -> StaffAccess:
    access = StaffAccess.objects.select_for_update().get(pk=access_id)
    if access.staff_id == by.pk:
        raise BadAccess("Somebody else has to decide about what you ask for yourself.")
    if access.state != StaffAccess.State.ASKED:
        raise BadAccess(f"It is decided or over already: {access.state.label.lower()}.")
    return access


def errands(member: Member, most: int = 20) -> list[Errand]:
    """What the staff member asked for, newest first. Opens its own transactions, one an organization."""
    with current.organization(member.organization_id):
        rows = StaffErrand.objects.filter(member=member).order_by("-asked_at", "-pk")[:most]
        mine = [(row.pk, row.organization_asked, row.details.domain) for row in rows]
    found = []
    for errand_id, organization_id, domain in mine:
        with current.organization(organization_id):
            access = StaffAccess.objects.filter(pk=errand_id).first()
            # Read here: elsewhere its words can't be opened.
            found.append(Errand(errand_id, domain, access.details.reason if access else "", access))
    return found


@contextmanager
def looking(member: Member, access_id: UUID, *, words: bool = False) -> Iterator[StaffAccess]:
    """Inside the organization that consented, in a transaction, as long as the consent holds. Raises NoConsent.

    words: sealed values are to be opened. The row is locked: who takes the consent back waits for the look that is
    under way, and ends every later one.
    """
    with current.organization(member.organization_id):
        errand = StaffErrand.objects.filter(pk=access_id, member=member).first()
    if errand is None:
        raise NoConsent
    why = "unknown"
    with current.organization(errand.organization_asked):
        access = StaffAccess.objects.select_for_update().filter(pk=access_id, staff_id=member.pk).first()
        if access is not None:
            why = _refusal(access, words)
            if not why:
                _note_first_look(access)
                yield access
                return
            record("staff.access_refused", by=member.pk, target=access, why=why)
    # Outside of the transaction, which keeps the entry.
    raise NoConsent(why)


def _refusal(access: StaffAccess, words: bool) -> str:
    """Why nothing may be seen; empty where it may."""
    if access.state != StaffAccess.State.GRANTED:
        return str(access.state)
    return "ciphertext only" if words and not access.words_allowed else ""


def _note_first_look(access: StaffAccess) -> None:
    if access.opened_at is None:
        access.opened_at = clock.now()
        access.save(update_fields=["opened_at"])
        record("staff.session_opened", by=access.staff_id, target=access)


def close(access: StaffAccess, *, by: UUID) -> None:
    """The staff member is done before the time is over."""
    access.ended_at = clock.now()
    access.save(update_fields=["ended_at"])
    record("staff.session_closed", by=by, target=access)


def tables() -> list[tuple[Table, int]]:
    """The tables that can be looked at, with how many rows the organization has. Inside `looking`."""
    return [(table, table.model._default_manager.count()) for table in _visible()]


def rows(access: StaffAccess, name: str, *, before: UUID | None = None) -> Page:
    """A page of a table, newest rows first, sealed values as they are stored. Inside `looking`.

    Raises NoSuchTable.
    """
    table = _table(name)
    query = table.model._default_manager.order_by("-pk")
    found = list(query.filter(pk__lt=before)[: PAGE + 1] if before else query[: PAGE + 1])
    shown = [Row(row.pk, [_cell(table, row, column) for column in _columns(table)]) for row in found[:PAGE]]
    record("staff.looked", by=access.staff_id, target=access, table=table.name, rows=len(shown))
    return Page(table, shown, shown[-1].row_id if len(found) > PAGE else None)


def open_row(access: StaffAccess, name: str, row_id: UUID) -> Row | None:
    """One row with its sealed values opened, written down in the log. Inside `looking` with `words`.

    None if there is no such row. Raises NoSuchTable.
    """
    table = _table(name)
    row = table.model._default_manager.filter(pk=row_id).first()
    if row is None:
        return None
    # The person sees on their own page that somebody has read something of theirs.
    whose = row.member if isinstance(row, MemberRow) else row
    record(
        "staff.decrypted", by=access.staff_id, target=whose, access=str(access.pk), table=table.name, row=str(row_id)
    )
    return Row(row_id, [_opened(_cell(table, row, column), row, column) for column in _columns(table)])


@tells_names
def names(ids: frozenset[UUID]) -> dict[UUID, str]:
    """Staff who asked the current organization for access, for its log."""
    asked = StaffAccess.objects.filter(staff_id__in=ids)
    return {access.staff_id: f"{access.details.name} (staff)" for access in asked}


def _visible() -> list[Table]:
    return [table for table in register.tables() if issubclass(table.model, TenantModel)]


def _table(name: str) -> Table:
    for table in _visible():
        if table.name == name:
            return table
    raise NoSuchTable(name)


def _columns(table: Table) -> list[Column]:
    return [column for column in table.model._meta.local_concrete_fields if column.name != "organization"]


def _cell(table: Table, row: models.Model, column: Column) -> Cell:
    if column.name in table.secret:
        return Cell(column.name, "secret", "")
    value = row.__dict__[column.attname]
    if isinstance(column, SealedField) and value is not None:
        return Cell(column.name, "sealed", f"{value[:16].hex(' ')} … ({len(value)} bytes)")
    if isinstance(value, (bytes, memoryview)):
        return Cell(column.name, "plain", f"{len(value)} bytes")
    return Cell(column.name, "plain", "" if value is None else str(value))


def _opened(cell: Cell, row: models.Model, column: Column) -> Cell:
    if cell.kind != "sealed" or not isinstance(column, SealedField):
        return cell
    try:
        text = payloads.to_json(column.payload_type, getattr(row, column.attname)).decode("utf-8", "replace")
    except KeyMissing:
        return Cell(cell.column, "sealed", "its key was destroyed")
    return Cell(cell.column, "opened", text)
