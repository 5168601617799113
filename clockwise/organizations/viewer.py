"""Who looks at a page, for the frame around it."""

from dataclasses import dataclass

from clockwise.organizations.models import Member, Organization


@dataclass(frozen=True)
class Viewer:
    name: str
    organization: str

    @property
    def initials(self) -> str:
        return initials(self.name)


def initials(name: str) -> str:
    """Of the first and the last word, for where no photo is."""
    words = name.split() or ["?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def viewer(member: Member) -> Viewer:
    organization = Organization.objects.get(pk=member.organization_id)
    return Viewer(name=member.details.name, organization=organization.details.name)
