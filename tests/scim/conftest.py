from collections.abc import Iterator
from typing import Any

import pytest

from tests.organizations import Pair
from tests.scim import idp
from tests.scim.idp import IdentityProvider


@pytest.fixture
def provider(pair: Pair) -> IdentityProvider:
    """The first organization's identity provider."""
    return idp.provider(pair.organization_id)


@pytest.fixture
def mallory(pair: Pair) -> IdentityProvider:
    """The other organization's."""
    return idp.provider(pair.other_organization_id)


@pytest.fixture
def synthetic(settings: Any) -> Iterator[None]:
    """The synthetic resource type is known."""
    yield from idp.with_test_resource(settings)
