"""Prepared queries find what the ORM would. The canaries say what a new version of Django has changed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler

from clockwise.organizations.models import Member, Team, TeamMembership
from clockwise.tenancy import current
from clockwise.tenancy.prepared import Prepared, any_of, by_ids
from tests.organizations import Pair


@by_ids
def members_by_id(member_id: UUID) -> QuerySet[Member]:
    return Member.objects.filter(pk=member_id)


def memberships(member_id: UUID) -> QuerySet[TeamMembership]:
    rows = TeamMembership.objects.filter(member=member_id).select_related("team")
    return rows.select_for_update(of=("self",)).order_by("pk")


@contextmanager
def sent() -> Iterator[list[tuple[str, tuple[Any, ...]]]]:
    """The statements inside, with their parameters."""
    statements: list[tuple[str, tuple[Any, ...]]] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        statements.append((sql, tuple(params)))
        return execute(sql, params, *rest)

    with connection.execute_wrapper(note):
        yield statements


@pytest.fixture
def teams(pair: Pair) -> list[Team]:
    with current.organization(pair.organization_id):
        made = [Team.objects.create(details=Team.Details(name=name)) for name in ("One", "Two")]
        TeamMembership.objects.bulk_create([TeamMembership(team=team, member=pair.ben) for team in made])
        return made


def test_each_organization_finds_its_own_row_by_the_same_query(pair: Pair) -> None:
    for _ in range(2):
        with current.organization(pair.organization_id):
            assert members_by_id().rows(pair.ada.pk) == [pair.ada]
            assert members_by_id().rows(pair.mallory.pk) == []
        with current.organization(pair.other_organization_id):
            assert members_by_id().rows(pair.mallory.pk) == [pair.mallory]
            assert members_by_id().rows(pair.ada.pk) == []


def test_outside_a_transaction_it_is_refused_rather_than_empty(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        members_by_id()
    with current.acting_for(pair.organization_id), pytest.raises(current.OutsideTransaction):
        members_by_id().rows(pair.ada.pk)


def test_rows_are_whole_with_what_they_are_joined_to(pair: Pair, teams: list[Team]) -> None:
    with current.organization(pair.organization_id):
        stand_in = uuid4()
        prepared = Prepared(memberships(stand_in), [stand_in])
        found = prepared.rows(pair.ben.pk)
        with sent() as statements:
            assert [row.team for row in found] == teams
        assert statements == []


def test_a_list_of_any_length_takes_one_parameter(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        stand_in = [uuid4().hex]
        prepared = Prepared(Member.objects.filter(role__in=any_of(stand_in)).order_by("pk"), [stand_in])
        assert prepared.rows([]) == []
        assert prepared.rows(["no such role"]) == []
        assert prepared.rows(["no such role", pair.ada.role]) == list(
            Member.objects.filter(role=pair.ada.role).order_by("pk")
        )


def test_canary_what_is_sent_is_what_django_would_send(pair: Pair, teams: list[Team]) -> None:
    with current.organization(pair.organization_id):
        stand_in = uuid4()
        prepared = Prepared(memberships(stand_in), [stand_in])
        sql, params = memberships(pair.ben.pk).query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
        with sent() as statements:
            prepared.rows(pair.ben.pk)
        assert statements == [(sql, tuple(params))]


def test_canary_django_compiles_nothing_again(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    with current.organization(pair.organization_id):
        prepared = members_by_id()

        def compile_again(self: SQLCompiler, *args: object, **kwargs: object) -> None:
            pytest.fail("Django no longer uses the compiler that query.get_compiler gives: see tenancy/prepared.py.")

        monkeypatch.setattr(SQLCompiler, "as_sql", compile_again)
        assert prepared.rows(pair.ada.pk) == [pair.ada]
