from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from clockwise.organizations import lookups
from clockwise.organizations.models import Member, Organization
from clockwise.organizations.roles import Role
from clockwise.tenancy import current


def create(*, domain: str, owner: str) -> str:
    out = StringIO()
    call_command("create_organization", "--domain", domain, "--name", "Example", "--owner", owner, stdout=out)
    return out.getvalue().strip()


def test_it_prints_the_id_of_an_organization_with_its_owner(database: None) -> None:
    printed = create(domain="example.com", owner="ada@example.com")

    organization_id = lookups.organization_by_domain("example.com")
    assert organization_id is not None
    assert printed == str(organization_id)
    with current.organization(organization_id):
        assert [member.role for member in Member.objects.all()] == [Role.OWNER]


@pytest.mark.parametrize(
    ("domain", "owner", "named"),
    [("not a domain", "ada@example.com", "--domain"), ("example.com", "ada", "--owner"), ("", "ada@e.com", "--domain")],
)
def test_what_isnt_valid_is_named_and_nothing_written(database: None, domain: str, owner: str, named: str) -> None:
    with pytest.raises(CommandError, match=named) as refused:
        create(domain=domain, owner=owner)

    assert refused.value.returncode == 2
    assert not Organization.objects.exists()


def test_a_domain_that_has_an_organization_is_refused(database: None) -> None:
    create(domain="example.com", owner="ada@example.com")

    with pytest.raises(CommandError, match="has an organization already"):
        create(domain="EXAMPLE.com", owner="ben@example.com")
