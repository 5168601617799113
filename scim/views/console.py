"""The console's provisioning pages: tokens and choices, what groups become, and the log."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clockwise import clock
from clockwise.organizations import console, plans
from clockwise.organizations.models import Member
from clockwise.organizations.plans import Feature
from clockwise.organizations.requests import MemberRequest, confirmed_recently, id_in, member_required
from clockwise.organizations.roles import Role
from scim import choices, journal, locations, rules, tokens
from scim.choices import Choices
from scim.models import GroupRule, ProvisioningEntry, Resource, ScimToken
from scim.models.rules import Outcome

ENTRIES = 50
KINDS = {"user": "Users", "group": "Groups", "bulk": "Bulk"}
_ASKED = {"get": "Read or searched", "post": "Sent", "put": "Replaced", "patch": "Changed", "delete": "Deleted"}
OUTCOMES = {"alert": "Needs a look", "done": "Done", "refused": "Refused"}

console.section(60, "Provisioning", "refresh-cw", "organization-provisioning")


@require_http_methods(["GET", "POST"])
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """Tokens and choices. A new token is shown on the answer to the form that made it, and never again."""
    return _make_token(request) if request.method == "POST" else _index(request)


@confirmed_recently
def _make_token(request: MemberRequest) -> HttpResponse:
    plans.ensure(Feature.PROVISIONING)
    try:
        days = _days(request.POST.get("days", ""))
        scopes = frozenset({tokens.READ} if request.POST.get("scope") == "read" else tokens.SCOPES)
        secret = tokens.create(request.POST.get("name", ""), days=days, scopes=scopes, by=request.member)
    except (ValueError, tokens.TooManyTokens) as bad:
        return _index(request, problem=str(bad))
    return _index(request, secret=secret)


def _index(request: MemberRequest, *, secret: str = "", problem: str = "") -> HttpResponse:
    at = clock.now()
    context = {
        "locked": not plans.has(Feature.PROVISIONING),
        "base_url": locations.base_url(),
        "tokens": [(token, _state(token)) for token in ScimToken.objects.order_by("-created_at")[:20]],
        "may_make_another": len(tokens.alive(at)) < tokens.MOST_ALIVE,
        "secret": secret,
        "problem": problem,
        "name": request.POST.get("name", "") if problem else "",
        "choices": choices.current_choices(),
        "users": Resource.objects.filter(resource_type="User").count(),
        "groups": Resource.objects.filter(resource_type="Group").count(),
        "alerts": [_line(entry) for entry in ProvisioningEntry.objects.filter(is_alert=True).order_by("-at")[:3]],
    }
    return console.page(request, "scim/provisioning.html", context, status=422 if problem else 200)


@require_POST
@member_required
@confirmed_recently
def revoke(request: MemberRequest, token_id: UUID) -> HttpResponse:
    tokens.revoke(get_object_or_404(ScimToken, pk=token_id), by=request.member)
    console.leave_note(request, "The token is revoked. Nothing accepts it any more.")
    return redirect("organization-provisioning")


@require_POST
@member_required
def choose(request: MemberRequest) -> HttpResponse:
    plans.ensure(Feature.PROVISIONING)
    wanted = Choices(
        is_trial=request.POST.get("is_trial") == "yes",
        blocks_unlisted=request.POST.get("blocks_unlisted") == "yes",
        entra_tolerant=request.POST.get("entra_tolerant") == "yes",
    )
    console.leave_note(request, " ".join(choices.change(wanted, by=request.member)))
    return redirect("organization-provisioning")


@require_http_methods(["GET", "POST"])
@member_required
def groups(request: MemberRequest) -> HttpResponse:
    return _add_rule(request) if request.method == "POST" else _groups(request)


@confirmed_recently
def _add_rule(request: MemberRequest) -> HttpResponse:
    """A rule may give roles, as only somebody who has just proved who they are may do by hand."""
    plans.ensure(Feature.PROVISIONING)
    outcome, _, role = request.POST.get("becomes", "").partition(":")
    try:
        rules.add(request.POST.get("pattern", ""), outcome=outcome, role=role, by=request.member)
    except ValueError as bad:
        return _groups(request, problem=str(bad))
    console.leave_note(request, "The rule is added, and holds for the groups that there are.")
    return redirect("organization-provisioning-groups")


def _groups(request: MemberRequest, *, problem: str = "") -> HttpResponse:
    sent = Resource.objects.filter(resource_type="Group").select_related("team").order_by("created_at", "id")[:200]
    context = {
        "locked": not plans.has(Feature.PROVISIONING),
        "rules": [(rule, _becomes(rule.outcome, rule.role)) for rule in rules.in_order()],
        "groups": [(group.document.get("displayName", ""), _became(group), group.members.count()) for group in sent],
        "outcomes": _outcomes(request.member.role),
        "problem": problem,
        "pattern": request.POST.get("pattern", "") if problem else "",
    }
    return console.page(request, "scim/groups.html", context, status=422 if problem else 200)


@require_POST
@member_required
def remove_rule(request: MemberRequest, rule_id: UUID) -> HttpResponse:
    plans.ensure(Feature.PROVISIONING)
    rules.remove(get_object_or_404(GroupRule, pk=rule_id), by=request.member)
    console.leave_note(request, "The rule is removed.")
    return redirect("organization-provisioning-groups")


@dataclass(frozen=True)
class Line:
    """An entry as the log's list shows it."""

    entry: ProvisioningEntry
    what: str
    outcome: str
    did: list[str]
    tone: str


@require_GET
@member_required
def log(request: MemberRequest) -> HttpResponse:
    kind, outcome = request.GET.get("kind", ""), request.GET.get("outcome", "")
    resource = request.GET.get("resource", "")
    entries = ProvisioningEntry.objects.order_by("-at", "-id")
    if kind in KINDS:
        entries = entries.filter(action__startswith=kind)
    if outcome == "alert":
        entries = entries.filter(is_alert=True)
    elif outcome == "done":
        entries = entries.filter(status__lt=400)
    elif outcome == "refused":
        entries = entries.filter(status__gte=400)
    if resource:
        entries = entries.filter(resource_id=id_in(resource))
    page = _page_number(request.GET.get("page", ""))
    found = list(entries[(page - 1) * ENTRIES : page * ENTRIES + 1])
    context = {
        "lines": [_line(entry) for entry in found[:ENTRIES]],
        "kinds": KINDS.items(),
        "outcomes": OUTCOMES.items(),
        "kind": kind,
        "outcome": outcome,
        "resource": resource,
        "page": page,
        "has_more": len(found) > ENTRIES,
    }
    return console.page(request, "scim/log.html", context)


@require_GET
@member_required
def entry(request: MemberRequest, entry_id: UUID) -> HttpResponse:
    found = get_object_or_404(ProvisioningEntry, pk=entry_id)
    context: dict[str, Any] = {
        "line": _line(found),
        "member": _member_of(found),
        "replay": json.dumps(journal.replay(found), indent=2, ensure_ascii=False),
    }
    return console.page(request, "scim/entry.html", context)


def _days(text: str) -> int:
    if text and not (text.isdecimal() and len(text) < 6):
        raise ValueError("Days are a whole number.")
    return int(text or tokens.DEFAULT_DAYS)


def _state(token: ScimToken) -> str:
    if token.revoked_at:
        return "revoked"
    return "expired" if token.expires_at <= clock.now() else "alive"


def _becomes(outcome: str, role: str) -> str:
    return f"the role {Role(role).label.lower()}" if outcome == Outcome.ROLE else str(Outcome(outcome).label)


def _became(group: Resource) -> str:
    if group.granted_role:
        return _becomes(Outcome.ROLE, group.granted_role)
    return "a team" if group.team else "nothing"


def _outcomes(own_role: str) -> list[tuple[str, str]]:
    """What the form offers; only an owner may let a group make owners."""
    grantable = [role for role in Role if role != Role.OWNER or own_role == Role.OWNER]
    return [
        (Outcome.TEAM.value, "a team of its own name"),
        (Outcome.NOTHING.value, "nothing"),
        *((f"{Outcome.ROLE.value}:{role.value}", f"the role {role.label.lower()}") for role in grantable),
    ]


def _line(found: ProvisioningEntry) -> Line:
    outcome = "Done" if found.status < 400 else "Refused" if found.status < 500 else "Failed"
    if found.is_alert:
        outcome = OUTCOMES["alert"]
    tone = "warn" if found.is_alert else "good" if found.status < 400 else "bad"
    return Line(found, _what(found.action), outcome, list(journal.sentences(found)), tone)


def _what(action: str) -> str:
    """An action of the log in words; a refused request that came to none is known by its method alone."""
    return " ".join(action.split(".")).capitalize() if "." in action else _ASKED.get(action, action.capitalize())


def _member_of(found: ProvisioningEntry) -> Member | None:
    """Whom the entry is about, where they are still here."""
    user = Resource.objects.filter(pk=found.resource_id).select_related("member").first() if found.resource_id else None
    return user.member if user else None


def _page_number(text: str) -> int:
    return int(text) if text.isdecimal() and 0 < len(text) < 6 and int(text) > 0 else 1
