from clockwise.organizations.models.directory import DirectoryCredentials, DirectoryWatch
from clockwise.organizations.models.member import Member, MemberDetails, MemberRow, Team, TeamMembership
from clockwise.organizations.models.organization import Domain, DomainDetails, Organization, OrganizationDetails
from clockwise.organizations.models.rules import Keywords, OrganizationRules
from clockwise.organizations.models.session import BrowserSession, HeardSignal, SessionDetails
from clockwise.organizations.models.token import ApiToken

__all__ = [
    "ApiToken",
    "BrowserSession",
    "DirectoryCredentials",
    "DirectoryWatch",
    "Domain",
    "DomainDetails",
    "HeardSignal",
    "Keywords",
    "Member",
    "MemberDetails",
    "MemberRow",
    "Organization",
    "OrganizationDetails",
    "OrganizationRules",
    "SessionDetails",
    "Team",
    "TeamMembership",
]
