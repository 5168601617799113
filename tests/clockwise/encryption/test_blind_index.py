from collections.abc import Callable

import pytest
from pytest_django import Settings

from clockwise.encryption import keys
from clockwise.encryption.blind_index import installation_index, normalize_address, organization_index
from clockwise.encryption.errors import KeyMissing
from clockwise.encryption.keys import KeyOwner
from tests.clockwise.encryption.conftest import People


@pytest.mark.parametrize("value", [" Ada@Company.example\n", "ADA@COMPANY.EXAMPLE", "ada@company.example"])
def test_addresses_are_compared_without_case_and_space(value: str) -> None:
    assert normalize_address(value) == "ada@company.example"


def test_equal_values_have_equal_indexes_in_one_organization_and_purpose_alone(people: People) -> None:
    ours, theirs = people.organization.organization_id, people.other_organization.organization_id
    index = organization_index(ours, "address", "ada@company.example")

    keys.forget_all()

    assert len(index) == 16
    assert organization_index(ours, "address", "ada@company.example") == index
    others = {
        organization_index(ours, "address", "ben@company.example"),
        organization_index(ours, "calendar", "ada@company.example"),
        organization_index(theirs, "address", "ada@company.example"),
    }
    assert len(others | {index}) == 4


def test_an_index_outlives_a_rotation(people: People, add_generation: Callable[[KeyOwner], None]) -> None:
    organization_id = people.organization.organization_id
    before = organization_index(organization_id, "address", "ada@company.example")

    add_generation(people.organization)

    assert keys.data_key(people.organization).generation == 2
    assert organization_index(organization_id, "address", "ada@company.example") == before


def test_the_installations_index_needs_its_key(key_settings: Settings) -> None:
    with pytest.raises(KeyMissing):
        installation_index("address", "ada@company.example")
    keys.create_installation_key()

    index = installation_index("address", "ada@company.example")

    keys.forget_all()
    assert installation_index("address", "ada@company.example") == index
    assert installation_index("domain", "ada@company.example") != index


def test_an_index_takes_text_that_is_no_strict_unicode(people: People) -> None:
    assert len(organization_index(people.organization.organization_id, "meeting", "\ud83d")) == 16
