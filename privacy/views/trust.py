"""The public pages: trust centre, documents, sub-processors with their feed, status, security.txt."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from xml.sax.saxutils import escape

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from clockwise import clock
from clockwise.audit import heads
from clockwise.audit.record import record
from clockwise.organizations.requests import MemberRequest, member_of, member_required
from clockwise.organizations.roles import Role
from privacy import evidence, legal, trust
from privacy.models import Agreement

# RFC 9116 wants an expiry, less than a year ahead. Whole months, so that the text is the same all month.
SECURITY_TXT_DAYS = 180


@require_GET
def document(request: HttpRequest, name: str) -> HttpResponse:
    found = legal.BY_NAME.get(name)
    if found is None:
        raise Http404
    return _page(request, found)


@require_GET
def trust_json(request: HttpRequest) -> JsonResponse:
    said = {**trust.figures(), "evidence": {"public_key": evidence.public_key().hex()}}
    return JsonResponse(said, json_dumps_params={"indent": 1})


@require_http_methods(["POST"])
@member_required
def accept_agreement(request: MemberRequest) -> HttpResponse:
    """An owner accepts the agreement as it now reads; the hash says which text that was."""
    found = legal.BY_NAME["dpa"]
    sha256 = legal.digest(found)
    if request.POST.get("sha256") != sha256:
        return _page(request, found, problem="The text has changed since you opened it. Read it again.", status=422)
    try:
        with transaction.atomic():
            agreement = Agreement.objects.create(
                document=found.name,
                version=found.version,
                sha256=sha256,
                accepted_at=clock.now(),
                accepted_by=request.member.pk,
            )
    except IntegrityError:
        return redirect("legal", name="dpa")
    record("privacy.agreement_accepted", by=request.member.pk, target=agreement, version=found.version, sha256=sha256)
    return redirect("legal", name="dpa")


@require_GET
def feed(request: HttpRequest) -> HttpResponse:
    """RSS 2.0 of sub-processors, as they were announced."""
    here = f"{settings.CLOCKWISE_BASE_URL}/legal/subprocessors"
    items = "".join(
        f"<item><title>{escape(each.name)}</title><link>{here}</link>"
        f"<description>{escape(each.purpose)}: {escape(each.data)}</description>"
        f"<guid isPermaLink='false'>{escape(each.name)} {each.announced_on}</guid>"
        f"<pubDate>{datetime.combine(each.announced_on, time(), UTC):%a, %d %b %Y %H:%M:%S} +0000</pubDate></item>"
        for each in legal.sub_processors()
    )
    text = (
        "<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel>"
        f"<title>Clockwise: sub-processors</title><link>{here}</link>"
        f"<description>Announced {legal.NOTICE_DAYS} days before their first use.</description>{items}</channel></rss>"
    )
    return HttpResponse(text, content_type="application/rss+xml; charset=utf-8")


@require_GET
def status(request: HttpRequest) -> HttpResponse:
    """What works right now, asked when the page is opened."""
    parts = {"Web": True, "Database": _database_answers(), "Audit log signed within the hour": _is_signed()}
    return render(request, "privacy/status.html", {"parts": parts, "at": clock.now()})


@require_GET
def security_txt(request: HttpRequest) -> HttpResponse:
    base = settings.CLOCKWISE_BASE_URL
    month = clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: mailto:{legal.security_contact()}",
        f"Expires: {(month + timedelta(days=SECURITY_TXT_DAYS)):%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {base}/.well-known/security.txt",
        f"Policy: {base}/legal/disclosure",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def _page(request: HttpRequest, found: legal.Document, *, problem: str = "", status: int = 200) -> HttpResponse:
    member = member_of(request)
    context: dict[str, Any] = {
        "document": found,
        "documents": legal.DOCUMENTS,
        "text": legal.text_of(found),
        "sha256": legal.digest(found),
        "problem": problem,
        "is_member": member is not None,
        "may_accept": found.name == "dpa" and member is not None and member.role == Role.OWNER,
    }
    if found.name == "dpa" and member is not None:
        accepted = Agreement.objects.filter(document="dpa", sha256=context["sha256"]).order_by("accepted_at")
        context["accepted"] = accepted.first()
    return render(request, "privacy/document.html", context, status=status)


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone())


def _is_signed() -> bool:
    head = heads.latest()
    return head is not None and head.at > clock.now() - timedelta(hours=1, minutes=5)
