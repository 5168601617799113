"""What each role is, and which address each may use: the one table. An address that isn't in it is denied to all.

A new endpoint: give its URL a name and add a line to ENDPOINTS, in its room's own section. The walk over every URL,
method, role and foreign row (`tests/security/test_goal_17_roles.py`) finds it by itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.db import models


class Role(models.TextChoices):
    """A member's role in the organization."""

    MEMBER = "member"
    TEAM_LEAD = "team_lead"
    ANALYST = "analyst"
    ADMIN = "admin"
    OWNER = "owner"


ADMINISTRATORS = frozenset({Role.ADMIN, Role.OWNER})


class Caller(StrEnum):
    """Who asks: a member by role, or somebody who isn't one."""

    ANONYMOUS = "anonymous"
    MEMBER = Role.MEMBER.value
    TEAM_LEAD = Role.TEAM_LEAD.value
    ANALYST = Role.ANALYST.value
    ADMIN = Role.ADMIN.value
    OWNER = Role.OWNER.value
    IDENTITY_PROVIDER = "identity_provider"
    STAFF = "staff"  # the operator's


Callers = frozenset[Caller]

EVERYBODY: Callers = frozenset(Caller)
MEMBERS: Callers = frozenset(Caller(role) for role in Role.values)
TEAM_LEADS: Callers = frozenset({Caller.TEAM_LEAD, Caller.ADMIN, Caller.OWNER})
ANALYSTS: Callers = frozenset({Caller.ANALYST, Caller.ADMIN, Caller.OWNER})
ADMINS: Callers = frozenset({Caller.ADMIN, Caller.OWNER})
OWNERS: Callers = frozenset({Caller.OWNER})
IDENTITY_PROVIDERS: Callers = frozenset({Caller.IDENTITY_PROVIDER})
STAFF: Callers = frozenset({Caller.STAFF})


@dataclass(frozen=True)
class Endpoint:
    """Who may use an address, by HTTP method. HEAD follows GET.

    `with_proof`: open to everybody here, since the request brings a proof that the view itself checks (a signature, a
    channel's token, a link's secret), and it may refuse by any status.
    """

    callers: Mapping[str, Callers]
    with_proof: bool = False

    @property
    def methods(self) -> list[str]:
        return sorted({*self.callers, *({"HEAD"} if "GET" in self.callers else ())})

    def allowed(self, method: str) -> Callers | None:
        """Who may; None for a method that the address doesn't know."""
        return self.callers.get("GET" if method == "HEAD" else method)


def _may(**callers: Callers) -> Endpoint:
    return Endpoint(callers)


def _with_proof(*methods: str) -> Endpoint:
    return Endpoint(dict.fromkeys(methods, EVERYBODY), with_proof=True)


SCIM_ENDPOINTS = (
    "root", "search", "bulk", "me", "service-provider-config", "resource-types", "schemas", "resources", "unknown",
)  # fmt: skip

ENDPOINTS: dict[str, Endpoint] = {
    # composition
    "healthz": _may(GET=EVERYBODY),
    "readyz": _may(GET=EVERYBODY),
    # organizations
    "sign-in": _may(GET=EVERYBODY),
    "google-callback": _with_proof("GET"),
    "sign-out": _may(POST=EVERYBODY),
    "confirm": _may(GET=MEMBERS),
    "sessions": _may(GET=MEMBERS),
    "sessions-end-others": _may(POST=MEMBERS),
    "session-end": _may(POST=MEMBERS),
    "risc": _with_proof("POST"),
    "organization": _may(GET=ANALYSTS),
    "organization-members": _may(GET=ADMINS),
    "organization-members-deactivate": _may(POST=ADMINS),
    "organization-member": _may(GET=ADMINS),
    "organization-member-role": _may(POST=ADMINS),
    "organization-member-reactivate": _may(POST=ADMINS),
    "organization-teams": _may(GET=ADMINS, POST=ADMINS),
    "organization-team": _may(GET=ADMINS),
    "organization-team-change": _may(POST=ADMINS),
    "organization-team-delete": _may(POST=ADMINS),
    "organization-domains": _may(GET=ADMINS, POST=ADMINS),
    "organization-domain-remove": _may(POST=OWNERS),
    "organization-directory-connect": _may(GET=ADMINS),
    "organization-directory-stop": _may(POST=ADMINS),
    "organization-rules": _may(GET=ADMINS, POST=ADMINS),
    "organization-rules-try": _may(POST=ADMINS),
    "organization-audit": _may(GET=ADMINS),
    "organization-audit-verify": _may(POST=ADMINS),
    "organization-audit-csv": _may(POST=ADMINS),
    "organization-audit-json": _may(POST=ADMINS),
    "organization-plan": _may(GET=ADMINS),
    # calendars
    "google-push": _with_proof("POST"),
    "organization-sync": _may(GET=ADMINS),
    "organization-directory-people": _may(POST=ADMINS),
    "directory-photo": _may(GET=MEMBERS),
    # privacy
    "trust": _may(GET=EVERYBODY),
    "trust-json": _may(GET=EVERYBODY),
    "status": _may(GET=EVERYBODY),
    "legal": _may(GET=EVERYBODY),
    "legal-feed": _may(GET=EVERYBODY),
    "legal-accept": _may(POST=OWNERS),
    "security-txt": _may(GET=EVERYBODY),
    "privacy": _may(GET=MEMBERS),
    "privacy-export": _may(POST=MEMBERS),
    "privacy-export-fetch": _with_proof("GET"),
    "privacy-leave-out": _may(POST=MEMBERS),
    "privacy-let-in": _may(POST=MEMBERS),
    "privacy-choices": _may(POST=MEMBERS),
    "privacy-leave": _may(POST=MEMBERS),
    "organization-evidence": _may(GET=ADMINS),
    "organization-evidence-accept": _may(POST=ADMINS),
    "organization-evidence-download": _may(POST=ADMINS),
    "organization-privacy": _may(GET=ADMINS),
    "organization-privacy-switch": _may(GET=ADMINS, POST=ADMINS),
    "organization-privacy-proof": _may(GET=ADMINS),
    "organization-privacy-exclusions": _may(GET=ADMINS, POST=ADMINS),
    "organization-privacy-exclusion-remove": _may(POST=ADMINS),
    "organization-privacy-retention": _may(GET=ADMINS, POST=ADMINS),
    "organization-privacy-requests": _may(GET=ADMINS, POST=ADMINS),
    "organization-privacy-request-close": _may(POST=ADMINS),
    "organization-privacy-person": _may(GET=ADMINS, POST=ADMINS),
    "organization-staff-access": _may(GET=ADMINS),
    "organization-staff-access-grant": _may(POST=ADMINS),
    "organization-staff-access-refuse": _may(POST=ADMINS),
    "organization-staff-access-withdraw": _may(POST=ADMINS),
    "papers": _may(GET=MEMBERS, POST=MEMBERS),  # shown to who is registered as the operator's staff
    "staff": _may(GET=STAFF, POST=STAFF),
    "staff-access": _may(GET=STAFF),
    "staff-access-table": _may(GET=STAFF),
    "staff-access-open": _may(POST=STAFF),
    "staff-access-close": _may(POST=STAFF),
    # scheduling
    "dashboard": _may(GET=EVERYBODY),  # the landing page to who isn't signed in
    "event": _may(GET=MEMBERS),
    "event-flexible": _may(POST=MEMBERS),
    "event-fixed": _may(POST=MEMBERS),
    "optimize": _may(POST=MEMBERS),
    "proposal-accept": _may(POST=MEMBERS),
    "proposal-dismiss": _may(POST=MEMBERS),
    "proposal-restore": _may(POST=MEMBERS),
    "proposal-undo": _may(POST=MEMBERS),
    "change-undo": _may(POST=MEMBERS),
    "calendars": _may(GET=MEMBERS),
    "calendars-choose": _may(POST=MEMBERS),
    "calendars-notices": _may(POST=MEMBERS),
    "calendars-disconnect": _may(POST=MEMBERS),
    "personal-calendars": _may(GET=MEMBERS, POST=MEMBERS),
    "personal-calendar-unlink": _may(POST=MEMBERS),
    "organization-provisioning": _may(GET=ADMINS, POST=ADMINS),
    "organization-provisioning-token-revoke": _may(POST=ADMINS),
    "organization-provisioning-choices": _may(POST=ADMINS),
    "organization-provisioning-groups": _may(GET=ADMINS, POST=ADMINS),
    "organization-provisioning-rule-remove": _may(POST=ADMINS),
    "organization-provisioning-log": _may(GET=ADMINS),
    "organization-provisioning-entry": _may(GET=ADMINS),
    # scim: the token is the proof, and every refusal has SCIM's form
    **{f"scim:{name}": _with_proof("GET", "POST", "PUT", "PATCH", "DELETE") for name in SCIM_ENDPOINTS},
    # api
    "api-me": _may(GET=MEMBERS),
    "api-events": _may(GET=MEMBERS),
    "api-proposal-current": _may(GET=MEMBERS),
    "api-proposal-accept": _may(POST=MEMBERS),
}


def published() -> Iterator[dict[str, object]]:
    """The table for machines: `{"endpoint", "method", "callers", "with_proof"}` a line."""
    for name, endpoint in sorted(ENDPOINTS.items()):
        for method in endpoint.methods:
            callers = sorted(endpoint.allowed(method) or ())
            yield {"endpoint": name, "method": method, "callers": callers, "with_proof": endpoint.with_proof}
