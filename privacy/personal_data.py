"""What the tables of `privacy`, and of what lies below it, hold of people."""

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session

from clockwise.audit.models import AuditEntry, AuditHead, AuditLeaf
from clockwise.organizations.models import (
    ApiToken,
    BrowserSession,
    DirectoryWatch,
    Domain,
    HeardSignal,
    Member,
    Organization,
    OrganizationRules,
    Team,
    TeamMembership,
)
from privacy.models import (
    Agreement,
    CalendarExclusion,
    DataExport,
    Erasure,
    PolicySignature,
    PrivacyChoice,
    PrivacyRequest,
    ProcessingSettings,
    Purge,
    RetentionSettings,
    StaffAccess,
    StaffErrand,
    StaffMember,
)
from privacy.register import UNTIL_LEAVING, UNTIL_ORGANIZATION_ENDS, Basis, Purpose, table

LOG = "as long as the organization uses Clockwise; an audit log that could be shortened would prove nothing"

# Django's own; the first three are empty or made from code.
for _model in (ContentType, Permission, Group, Group.permissions.through):
    table(
        _model,
        "Django's own bookkeeping",
        purpose=Purpose.OPERATION,
        basis=Basis.NONE,
        retention="made from code",
        technical=" ".join(column.name for column in _model._meta.local_concrete_fields),
    )
table(
    Session,
    "Sessions",
    purpose=Purpose.ACCOUNT,
    basis=Basis.CONTRACT,
    retention="7 days after signing in, or until signing out",
    secret={"session_data": "who is signed in, encrypted"},
    technical="session_key expire_date",
)
table(
    Member,
    "Your account",
    purpose=Purpose.ACCOUNT,
    basis=Basis.CONTRACT,
    retention=UNTIL_LEAVING,
    person=["id"],
    personal={
        "details": "name, address, Google account id",
        "role": "role in the organization",
        "is_active": "whether you may sign in",
        "created_at": "when you were added",
        "signed_in_at": "when you last signed in",
        "access_ended_at": "when your access last ended",
        "access_ended_reason": "why it ended",
    },
    secret={"subject_index": "keyed index of the Google account id", "address_index": "keyed index of the address"},
    technical="epoch",
)
table(
    BrowserSession,
    "Signed-in browsers",
    purpose=Purpose.SECURITY,
    basis=Basis.CONTRACT,
    retention="30 days after the browser was signed out",
    person=["member_id"],
    personal={
        "member": "whose it is",
        "details": "address of the computer, kind of browser",
        "opened_at": "when it was signed in",
        "seen_at": "when it was last used, to the minute",
        "confirmed_at": "when Google last confirmed who you are",
        "ended_at": "when it was signed out",
    },
)
table(
    DirectoryWatch,
    "Consents to look into the directory",
    purpose=Purpose.SECURITY,
    basis=Basis.CONTRACT,
    retention=UNTIL_LEAVING,
    person=["member_id"],
    personal={
        "member": "who consented",
        "started_at": "when",
        "looked_at": "when Google was last asked",
    },
    secret={"credentials": "the grant itself"},
    technical="problem shows_people",
)
table(
    HeardSignal,
    "Signals of Google's that were heard",
    purpose=Purpose.SECURITY,
    basis=Basis.NONE,
    retention="30 days",
    technical="jti_hash heard_at",
)
table(
    ApiToken,
    "API tokens",
    purpose=Purpose.ACCOUNT,
    basis=Basis.CONTRACT,
    retention=UNTIL_LEAVING,
    person=["member_id"],
    personal={
        "member": "whose it is",
        "scopes": "what it may do",
        "created_at": "when it was made",
        "expires_at": "until when it is good",
        "revoked_at": "when it was revoked",
    },
    secret={"token_hash": "hash of the token"},
)
table(
    TeamMembership,
    "Teams you are in",
    purpose=Purpose.ACCOUNT,
    basis=Basis.CONTRACT,
    retention=UNTIL_LEAVING,
    person=["member_id"],
    personal={"member": "who", "team": "in which team"},
)
table(
    Team,
    "Teams",
    purpose=Purpose.ACCOUNT,
    basis=Basis.NONE,
    retention=UNTIL_ORGANIZATION_ENDS,
    technical="details",
)
table(
    Organization,
    "The organization",
    purpose=Purpose.ACCOUNT,
    basis=Basis.NONE,
    retention=UNTIL_ORGANIZATION_ENDS,
    technical="plan plan_ends_at time_zone details created_at",
)
table(
    Domain,
    "Domains",
    purpose=Purpose.ACCOUNT,
    basis=Basis.NONE,
    retention=UNTIL_ORGANIZATION_ENDS,
    technical="domain_index details",
)
table(
    OrganizationRules,
    "Rules of the organization",
    purpose=Purpose.SCHEDULING,
    basis=Basis.NONE,
    retention=UNTIL_ORGANIZATION_ENDS,
    technical="run_enabled run_minute run_days freeze_hours weeks_ahead keywords changed_at",
)
table(
    AuditEntry,
    "Audit log",
    purpose=Purpose.SECURITY,
    basis=Basis.LEGITIMATE_INTEREST,
    retention=LOG,
    person=["actor_id", "target_id"],
    personal={
        "at": "when",
        "action": "what was done",
        "actor_id": "who did it",
        "target_type": "to what kind of thing",
        "target_id": "to which one",
        "channel": "on a page, by a program or a worker",
        "via": "by which token",
        "body": "details, address of the computer, browser",
    },
    technical="commitment leaf position chain",
    kept_because="The log must stay whole to prove anything. It names people by a number that stands for nobody once "
    "the account is erased.",
)
table(
    AuditLeaf,
    "Positions in the audit log",
    purpose=Purpose.SECURITY,
    basis=Basis.NONE,
    retention=LOG,
    technical="head place position chain",
)
table(
    AuditHead,
    "Signed states of the audit log",
    purpose=Purpose.SECURITY,
    basis=Basis.NONE,
    retention=LOG,
    technical="at size root previous signature anchored_at",
)
table(
    CalendarExclusion,
    "Calendars left out by you",
    purpose=Purpose.RIGHTS,
    basis=Basis.LEGAL_OBLIGATION,
    retention="until you take the rule back or leave",
    person=["member_id"],
    personal={
        "member": "whose rule it is",
        "kind": "what it looks at",
        "pattern": "address or pattern, name of the calendar",
        "created_at": "when it was made",
        "created_by": "by whom",
    },
)
table(
    ProcessingSettings,
    "What of an event is processed",
    purpose=Purpose.RIGHTS,
    basis=Basis.NONE,
    retention=UNTIL_ORGANIZATION_ENDS,
    technical="descriptions locations conference_links attendees titles",
)
table(
    RetentionSettings,
    "How long things are kept",
    purpose=Purpose.RIGHTS,
    basis=Basis.NONE,
    retention=UNTIL_ORGANIZATION_ENDS,
    technical="days",
)
table(
    Purge,
    "Proofs that something was erased",
    purpose=Purpose.RIGHTS,
    basis=Basis.LEGAL_OBLIGATION,
    retention="three years",
    person=["member_id", "requested_by"],
    personal={"member_id": "whose calendars it concerned", "requested_by": "who decided it", "requested_at": "when"},
    technical="cause cause_id finished_at counts",
    kept_because="It proves an erasure, in numbers and times alone.",
)
table(
    DataExport,
    "Exports of your data",
    purpose=Purpose.RIGHTS,
    basis=Basis.LEGAL_OBLIGATION,
    retention="24 hours",
    person=["member_id"],
    personal={
        "member": "whose data",
        "requested_by": "who asked for it",
        "requested_at": "when",
        "made_at": "when it was ready",
        "downloaded_at": "when it was fetched",
        "expires_at": "when it is deleted",
    },
    secret={"bundle": "the export itself, sealed"},
    technical="bytes",
)
table(
    Erasure,
    "Erasures",
    purpose=Purpose.RIGHTS,
    basis=Basis.LEGAL_OBLIGATION,
    retention="three years",
    person=["member_id"],
    personal={"member_id": "a number that stands for nobody any more", "requested_by": "who asked for it"},
    technical="requested_at finished_at counts told_google",
    kept_because="It makes sure that the erasure is repeated after a restore.",
)
table(
    PrivacyChoice,
    "Consents and objections",
    purpose=Purpose.RIGHTS,
    basis=Basis.LEGAL_OBLIGATION,
    retention=UNTIL_LEAVING,
    person=["member_id"],
    personal={"member": "who", "use": "what it is about", "objects_to_it": "no or yes to it", "at": "when"},
)
table(
    PrivacyRequest,
    "Privacy requests",
    purpose=Purpose.RIGHTS,
    basis=Basis.LEGAL_OBLIGATION,
    retention="three years after their answer",
    person=["member_id"],
    personal={
        "member_id": "who asked",
        "kind": "for what",
        "details": "what was written down about it",
        "received_at": "when",
        "closed_at": "when it was answered",
    },
    technical="due_at closed_by",
)
table(
    Agreement,
    "Agreements that were accepted",
    purpose=Purpose.RIGHTS,
    basis=Basis.LEGAL_OBLIGATION,
    retention=UNTIL_ORGANIZATION_ENDS,
    person=["accepted_by"],
    personal={"accepted_by": "who accepted it", "accepted_at": "when"},
    technical="document version sha256",
    kept_because="It proves that the organization agreed. It names a number, not a person.",
)
table(
    StaffMember,
    "Register of the operator's staff",
    purpose=Purpose.SECURITY,
    basis=Basis.LEGITIMATE_INTEREST,
    retention=UNTIL_LEAVING,
    person=["member_id"],
    personal={
        "member": "who",
        "background_checked_on": "day of the background check",
        "trained_on": "day of the last training",
        "registered_at": "since when",
        "removed_at": "until when",
    },
)
table(
    PolicySignature,
    "Policies that staff acknowledged",
    purpose=Purpose.SECURITY,
    basis=Basis.LEGITIMATE_INTEREST,
    retention=UNTIL_LEAVING,
    person=["member_id"],
    personal={"member": "who", "policy": "which policy", "signed_at": "when"},
    technical="sha256",
)
table(
    StaffErrand,
    "What staff asked to look at",
    purpose=Purpose.SECURITY,
    basis=Basis.LEGITIMATE_INTEREST,
    retention=UNTIL_LEAVING,
    person=["member_id"],
    personal={
        "member": "who asked",
        "organization_asked": "which organization",
        "asked_at": "when",
        "details": "its domain",
    },
)
table(
    StaffAccess,
    "Looks by the operator's staff",
    purpose=Purpose.SECURITY,
    basis=Basis.LEGAL_OBLIGATION,
    retention=UNTIL_ORGANIZATION_ENDS,
    person=["staff_id", "decided_by"],
    personal={
        "staff_id": "who asked to look",
        "details": "name and address of who asked, and the reason",
        "asked_at": "when",
        "decided_by": "who decided",
        "decided_at": "when",
        "opened_at": "when it was first used",
    },
    technical="wants_words minutes lapses_at owners_told_at words_allowed expires_at ended_at",
    kept_because="The organization must be able to say who looked at its data, and who allowed it.",
)
