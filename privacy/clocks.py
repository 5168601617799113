"""Privacy requests and breaches, each with the time that the law gives for its answer."""

from datetime import datetime, timedelta
from uuid import UUID

from clockwise import clock
from clockwise.audit.record import record
from clockwise.organizations.models import Member
from privacy.models import PrivacyRequest, RequestDetails

Kind = PrivacyRequest.Kind
# GDPR Art. 12(3): one month, counted as 30 days to be safe. CCPA 1798.130: 45 days. GDPR Art. 33: 72 hours.
TIMES: dict[str, timedelta] = {
    **dict.fromkeys(Kind.values, timedelta(days=30)),
    Kind.CCPA: timedelta(days=45),
    Kind.BREACH: timedelta(hours=72),
}
LONGEST = 2000


class BadRequest(ValueError):
    """The message says what is missing."""


def open_request(
    kind: str,
    *,
    subject: str,
    note: str = "",
    received_at: datetime | None = None,
    by: UUID,
    member_id: UUID | None = None,
) -> PrivacyRequest:
    """Start the clock from when it was received. Raises BadRequest."""
    if kind not in Kind.values:
        raise BadRequest("Choose what it is about.")
    if not subject.strip() or len(subject) > 200 or len(note) > LONGEST:
        raise BadRequest("Say in at most 200 characters who asks, and in at most 2000 what about.")
    received = received_at or clock.now()
    if received > clock.now():
        raise BadRequest("It can't have been received in the future.")
    request = PrivacyRequest(kind=kind, member_id=member_id, received_at=received, due_at=received + TIMES[kind])
    request.claim_for_current_organization()
    request.details = RequestDetails(subject.strip(), note.strip())
    request.save(force_insert=True)
    record("privacy.request_opened", by=by, target=request, kind=kind)
    return request


def close(request: PrivacyRequest, *, by: Member) -> None:
    """It is answered."""
    if request.closed_at is None:
        request.closed_at, request.closed_by = clock.now(), by.pk
        request.save(update_fields=["closed_at", "closed_by"])
        record("privacy.request_closed", by=by.pk, target=request, kind=request.kind)
