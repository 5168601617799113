"""How PostgreSQL finds a userName in an organization that was provisioned since the tables were last looked at."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections

from clockwise import clock
from clockwise.tenancy import current
from scim import indexes, search
from scim.models import IndexedValue, Resource
from scim.schema import registry
from scim.search import Query
from tests.organizations import Pair
from tests.scim.idp import IdentityProvider

FIRST_ROWS, NEW_ROWS = 2000, 300


def add_users(organization_id: UUID, count: int) -> None:
    with current.organization(organization_id):
        at = clock.now()
        rows = [
            Resource(
                resource_type="User", document={"userName": f"user{n}@company.example"}, created_at=at, modified_at=at
            )
            for n in range(count)
        ]
        Resource.objects.bulk_create(rows)
        IndexedValue.objects.bulk_create(
            IndexedValue(resource=row, resource_type="User", path=path, value_index=index, is_unique=True)
            for row in rows
            for path, index in indexes.entries(row, row.document)
        )


def blocks_read(organization_id: UUID, asked: str) -> int:
    """By the statements of a search with this filter."""
    read = 0

    def explain(execute: Any, sql: str, params: Any, *rest: Any) -> Any:
        nonlocal read
        with connections["default"].cursor() as cursor:
            cursor.cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", params)
            [plan] = cursor.cursor.fetchone()[0]
        read += plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
        return execute(sql, params, *rest)

    with current.organization(organization_id), connection.execute_wrapper(explain):
        query = Query(filter=asked, start=1, count=1)
        page = search.search([registry.of("User")], query, opened_at_most=100)
        assert page.total == 1
    return read


@pytest.mark.usefixtures("provider", "mallory")
def test_a_user_name_is_found_by_its_index_in_an_organization_of_which_there_are_no_statistics(
    pair: Pair, provider: IdentityProvider
) -> None:
    add_users(pair.other_organization_id, FIRST_ROWS)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE scim_resource, scim_indexedvalue, scim_membership")
    add_users(pair.organization_id, NEW_ROWS)

    assert blocks_read(pair.organization_id, 'userName eq "user7@company.example"') < 100
