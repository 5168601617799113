"""The evidence bundle for an organization's admins: behind a promise of confidentiality, marked, and logged."""

from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations import console
from clockwise.organizations.models import Member
from clockwise.organizations.requests import MemberRequest, member_required
from clockwise.tenancy import current
from clockwise.tenancy.middleware import calls_outside
from privacy import evidence, legal
from privacy.models import Agreement

NDA = "nda"


@require_GET
@member_required
def show(request: MemberRequest) -> HttpResponse:
    context = {"text": legal.text_of(legal.NDA), "sha256": legal.digest(legal.NDA), "accepted": _accepted(request)}
    return console.page(request, "privacy/evidence.html", context)


@require_POST
@member_required
def accept(request: MemberRequest) -> HttpResponse:
    sha256 = legal.digest(legal.NDA)
    if request.POST.get("sha256") != sha256:
        console.leave_note(request, "The text has changed since you opened it. Read it again.")
        return redirect("organization-evidence")
    try:
        with transaction.atomic():
            agreement = Agreement.objects.create(
                document=NDA,
                version=legal.NDA.version,
                sha256=sha256,
                accepted_at=clock.now(),
                accepted_by=request.member.pk,
            )
    except IntegrityError:
        return redirect("organization-evidence")
    record("privacy.agreement_accepted", by=request.member.pk, target=agreement, document=NDA, sha256=sha256)
    return redirect("organization-evidence")


@require_POST
@calls_outside
def download(request: MemberRequest) -> HttpResponse:
    """Signed, and marked with whom it was handed to. Other organizations' logs are in it as numbers alone."""
    member = request.user
    assert isinstance(member, Member)  # noqa: S101 - the guard has let in an admin; this narrows the type
    request.member = member
    with current.organization(member.organization_id):
        has_promised = _accepted(request) is not None
        mark = f"Handed to {member.details.name} <{member.details.address}> at {clock.now():%Y-%m-%d %H:%M:%S} UTC"
    if not has_promised:
        console.leave_note(request, "Accept the confidentiality first.")
        return redirect("organization-evidence")
    # It walks every organization's log, each in a transaction of its own.
    content = evidence.make(watermark=mark)
    with current.organization(member.organization_id):
        record("evidence.downloaded", by=member.pk, target=member, bytes=len(content))
    response = HttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = 'attachment; filename="clockwise-evidence.zip"'
    response["Cache-Control"] = "no-store"
    return response


def _accepted(request: MemberRequest) -> Agreement | None:
    """By this member, for the text as it now reads."""
    mine = Agreement.objects.filter(document=NDA, sha256=legal.digest(legal.NDA), accepted_by=request.member.pk)
    return mine.first()
