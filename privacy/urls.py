from django.urls import path

from privacy.legal import DOCUMENTS
from privacy.processing import PARTS
from privacy.views import evidence, exclusions, own, papers, processing, requests, retention, staff, staff_access, trust

SWITCH = "organization-privacy-switch"

urlpatterns = [
    path("trust", trust.document, {"name": "trust"}, name="trust"),
    path("trust.json", trust.trust_json, name="trust-json"),
    path("status", trust.status, name="status"),
    path("legal/dpa/accept", trust.accept_agreement, name="legal-accept"),
    path("legal/subprocessors.rss", trust.feed, name="legal-feed"),
    *(path(each.path[1:], trust.document, {"name": each.name}, name="legal") for each in DOCUMENTS[1:]),
    path(".well-known/security.txt", trust.security_txt, name="security-txt"),
    path("privacy/", own.show, name="privacy"),
    path("privacy/export", own.ask_for_export, name="privacy-export"),
    path("privacy/exports/<str:token>/", own.fetch_export, name="privacy-export-fetch"),
    path("privacy/leave-out", own.leave_out, name="privacy-leave-out"),
    path("privacy/left-out/<uuid:exclusion_id>/let-in", own.let_in, name="privacy-let-in"),
    path("privacy/choices", own.choose, name="privacy-choices"),
    path("privacy/leave", own.leave, name="privacy-leave"),
    path("organization/privacy/", processing.overview, name="organization-privacy"),
    *(
        path(f"organization/privacy/processing/{part.name}/", processing.switch, {"part": part.name}, name=SWITCH)
        for part in PARTS
    ),
    path("organization/privacy/proofs/<uuid:purge_id>/", processing.proof, name="organization-privacy-proof"),
    path("organization/evidence/", evidence.show, name="organization-evidence"),
    path("organization/evidence/accept", evidence.accept, name="organization-evidence-accept"),
    path("organization/evidence/download", evidence.download, name="organization-evidence-download"),
    path("organization/privacy/exclusions/", exclusions.index, name="organization-privacy-exclusions"),
    path(
        "organization/privacy/exclusions/<uuid:exclusion_id>/remove",
        exclusions.remove,
        name="organization-privacy-exclusion-remove",
    ),
    path("organization/privacy/retention/", retention.index, name="organization-privacy-retention"),
    path("organization/privacy/requests/", requests.index, name="organization-privacy-requests"),
    path(
        "organization/privacy/requests/<uuid:privacy_request_id>/close",
        requests.close,
        name="organization-privacy-request-close",
    ),
    path("organization/privacy/people/<uuid:member_id>/", requests.person, name="organization-privacy-person"),
    path("organization/staff-access/", staff_access.index, name="organization-staff-access"),
    *(
        path(
            f"organization/staff-access/<uuid:staff_access_id>/{verb}",
            getattr(staff_access, verb),
            name=f"organization-staff-access-{verb}",
        )
        for verb in ("grant", "refuse", "withdraw")
    ),
    path("account/staff/", papers.show, name="papers"),
    path("staff/", staff.index, name="staff"),
    path("staff/<uuid:staff_access_id>/", staff.show, name="staff-access"),
    path("staff/<uuid:staff_access_id>/close", staff.close, name="staff-access-close"),
    path("staff/<uuid:staff_access_id>/<str:table>/", staff.table, name="staff-access-table"),
    path("staff/<uuid:staff_access_id>/<str:table>/<uuid:row_id>/open", staff.open_row, name="staff-access-open"),
]
