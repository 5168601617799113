"""The audit log: searched, verified, exported."""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_POST

from clockwise import harmless
from clockwise.audit import export, search, verify
from clockwise.audit.events import EVENTS
from clockwise.audit.findings import Report
from clockwise.audit.models import AuditEntry
from clockwise.audit.record import record
from clockwise.organizations import console, names, plans
from clockwise.organizations.models import Member
from clockwise.organizations.plans import Feature
from clockwise.organizations.requests import MemberRequest, id_in, member_required
from clockwise.tenancy import current
from clockwise.tenancy.middleware import calls_outside

MOST_ROWS = 100_000
FILTERS = ("actor", "action", "since", "until")


@dataclass(frozen=True)
class Row:
    at: datetime
    who: str
    what: str
    action: str
    target: str
    where: str


@require_GET
@member_required
def index(request: MemberRequest) -> HttpResponse:
    if any(request.GET.get(name) for name in FILTERS):
        record("audit.searched", by=request.member.pk)
    return _page(request)


@require_POST
@member_required
def check(request: MemberRequest) -> HttpResponse:
    """Recompute the whole chain and hold it against the signed heads."""
    report = verify.organization(request.member.organization_id)
    record("audit.verified", by=request.member.pk, entries=report.entries, findings=len(report.findings))
    return _page(request, report=report)


@require_POST
@member_required
def as_csv(request: MemberRequest) -> HttpResponse:
    """What the filter finds, for a spreadsheet."""
    plans.ensure(Feature.AUDIT_EXPORT)
    record("audit.exported", by=request.member.pk, form="csv")
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["at", "who", "event", "what", "target", "where"])
    found = search.find(_query(request.POST), page=MOST_ROWS)
    for row in _rows(found.entries):
        cells = [row.at.isoformat(), row.who, row.action, row.what, row.target, row.where]
        writer.writerow(map(harmless.cell, cells))
    return _file(text.getvalue(), "text/csv; charset=utf-8", "audit.csv")


@require_POST
@calls_outside
def as_json(request: MemberRequest) -> HttpResponse:
    """The whole log as JSON lines with its receipt, which anybody verifies without this installation."""
    organization_id, member_id = _caller(request)
    with current.acting_for(organization_id):
        with current.transaction():
            plans.ensure(Feature.AUDIT_EXPORT)
        lines = list(export.lines(by=member_id))
    return _file("\n".join(lines) + "\n", "application/jsonl; charset=utf-8", "audit.jsonl")


def _caller(request: MemberRequest) -> tuple[UUID, UUID]:
    """The guard has let in a signed-in admin; the view's own transactions begin after it."""
    member = request.user
    assert isinstance(member, Member)  # noqa: S101 - narrows the type
    return member.organization_id, member.pk


def _page(request: MemberRequest, *, report: Report | None = None) -> HttpResponse:
    asked = request.GET
    found = search.find(_query(asked))
    people = sorted(Member.objects.all(), key=lambda member: member.details.name.casefold())
    families = sorted({name.partition(".")[0] for name in EVENTS})
    context: dict[str, Any] = {
        "rows": _rows(found.entries),
        "next_before": found.next_before,
        "asked": {key: asked.get(key, "") for key in FILTERS},
        "people": [(str(person.pk), person.details.name) for person in people],
        "families": [(f"{family}.", family.replace("_", " ").capitalize()) for family in families],
        "report": report,
        "can_export": plans.has(Feature.AUDIT_EXPORT),
    }
    return console.page(request, "organizations/audit_log.html", context)


def _query(asked: Any) -> search.Query:
    until = _day(asked.get("until", ""))
    return search.Query(
        actor_id=id_in(asked.get("actor", "")),
        action=asked.get("action", ""),
        since=_day(asked.get("since", "")),
        until=until + timedelta(days=1) if until else None,
        before=id_in(asked.get("before", "")),
    )


def _rows(entries: list[AuditEntry]) -> list[Row]:
    ids = {found for entry in entries for found in (entry.actor_id, entry.target_id) if found}
    known = names.of(ids)
    return [_row(entry, known) for entry in entries]


def _row(entry: AuditEntry, known: dict[UUID, str]) -> Row:
    who = (
        known.get(entry.actor_id, f"somebody who left ({str(entry.actor_id)[-6:]})") if entry.actor_id else "Clockwise"
    )
    named = known.get(entry.target_id) if entry.target_id else None
    return Row(
        at=entry.at,
        who=who,
        what=EVENTS.get(entry.action, entry.action),
        action=entry.action,
        target=named or entry.target_type,
        where=entry.body.address or entry.channel,
    )


def _file(text: str, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


def _day(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        return None
