"""The conformance suite of PyPI's scim2-tester, on an empty organization."""

from collections import Counter

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from clockwise.organizations import members
from scim import locations
from tests.scim import idp

CHECKS = 135


@pytest.fixture
def empty(database: None) -> idp.IdentityProvider:
    """The identity provider of an organization in which nobody is yet."""
    return idp.provider(members.create_organization(domain="empty.example", name="Empty", plan="enterprise"))


def test_scim2_tester_passes_whole(empty: idp.IdentityProvider) -> None:
    from clockwise.wsgi import application  # asks the database whether it may start

    client = WSGISCIMClient(
        application, base_url=locations.base_url(), environ={"HTTP_AUTHORIZATION": f"Bearer {empty.token}"}
    )
    results = check_server(client)
    faults = [f"{each.title}: {each.reason}" for each in results if each.status is not Status.SUCCESS]
    assert faults == []
    assert Counter(each.status for each in results) == {Status.SUCCESS: CHECKS}
