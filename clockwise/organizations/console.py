"""The organization console: its sections in the side navigation, and the frame of its pages."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from clockwise.organizations.models import Member
from clockwise.organizations.requests import MemberRequest
from clockwise.organizations.roles import ENDPOINTS, Caller
from clockwise.organizations.viewer import viewer

NOTE = "console_note"


@dataclass(frozen=True)
class Section:
    """`url_name` leads to it; `prefix`: names of all its pages start so. Who sees it is the table of roles' to say."""

    order: int
    label: str
    icon: str
    url_name: str
    prefix: str


_sections: list[Section] = []


def section(order: int, label: str, icon: str, url_name: str, prefix: str = "") -> Section:
    """Apps register their sections when they are loaded."""
    made = Section(order, label, icon, url_name, prefix or url_name)
    _sections.append(made)
    return made


def sections() -> list[Section]:
    return sorted(_sections, key=lambda found: found.order)


def sections_for(member: Member) -> list[Section]:
    caller = Caller(member.role)
    return [found for found in sections() if caller in (ENDPOINTS[found.url_name].allowed("GET") or ())]


def page(request: MemberRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A page in the console's frame, with the note that the last form left for it."""
    note = request.session.pop(NOTE, "")
    return render(request, template, {**context, "viewer": viewer(request.member), "note": note}, status=status)


def leave_note(request: HttpRequest, text: str) -> None:
    """One sentence for the next page: what the form has done."""
    request.session[NOTE] = text


section(20, "People", "users", "organization-members", "organization-member")
section(30, "Teams", "users-round", "organization-teams", "organization-team")
section(40, "Domains", "globe", "organization-domains", "organization-domain")
section(50, "Rules", "sliders-horizontal", "organization-rules")
section(80, "Audit log", "scroll-text", "organization-audit")
section(90, "Plan", "badge-check", "organization-plan")
