"""Sealed fields on real tables: what Django's queries do with them."""

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from clockwise.encryption.errors import SealBroken, SealRefused
from clockwise.encryption.keys import KeyOwner
from clockwise.organizations.models import Team
from clockwise.tenancy import current
from clockwise.tenancy.models import time_ordered_id
from tests.organizations import Pair


def a_team(pair: Pair, name: str) -> Team:
    return Team(organization_id=pair.organization_id, details=Team.Details(name))


def test_a_row_comes_back_and_its_column_is_sealed(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        a_team(pair, "Payroll canary").save()

        assert Team.objects.get().details == Team.Details("Payroll canary")
        with connection.cursor() as cursor:
            cursor.execute("SELECT details FROM organizations_team")
            [(stored,)] = cursor.fetchall()
    assert bytes(stored)[:3] == b"\x01\x00\x01"
    assert b"canary" not in bytes(stored)


def test_many_rows_of_one_owner_are_opened_with_the_key_asked_for_once(pair: Pair) -> None:
    field = Team._meta.get_field("details")
    with current.organization(pair.organization_id):
        Team.objects.bulk_create([a_team(pair, "Payroll"), a_team(pair, "People")])
        blobs: dict[Any, Any] = dict(Team.objects.values_list("pk", "details"))
        opened = field.opener(KeyOwner(pair.organization_id, None))

        assert {opened(row_id, blob).name for row_id, blob in blobs.items()} == {"Payroll", "People"}
        first, second = blobs
        with pytest.raises(SealBroken):
            opened(first, blobs[second])


def test_an_unchanged_row_keeps_its_bytes_when_saved(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        a_team(pair, "Payroll").save()
        before = Team.objects.values_list("details", flat=True).get()

        team = Team.objects.get()
        assert team.details.name == "Payroll"
        team.save()
        Team.objects.get().save()

        assert Team.objects.values_list("details", flat=True).get() == before


def test_a_deferred_field_takes_one_query(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        a_team(pair, "Payroll").save()
        team = Team.objects.defer("details").get()

        with CaptureQueriesContext(connection) as queries:
            assert team.details.name == "Payroll"
            assert team.details.name == "Payroll"

    assert len(queries) == 1


def test_a_refreshed_row_shows_what_another_wrote(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        a_team(pair, "Payroll").save()
        mine, theirs = Team.objects.get(), Team.objects.get()
        assert mine.details.name == "Payroll"
        theirs.details = Team.Details("People")
        theirs.save(update_fields=["details"])

        mine.refresh_from_db()

    assert mine.details.name == "People"


def test_many_rows_are_created_at_once(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        Team.objects.bulk_create([a_team(pair, "Payroll"), a_team(pair, "People")])

        assert {team.details.name for team in Team.objects.all()} == {"Payroll", "People"}


def test_rows_known_by_their_id_are_created_or_updated_at_once(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        known = a_team(pair, "Payroll")
        known.save()
        again = Team(id=known.id, organization_id=pair.organization_id, details=Team.Details("People"))
        new = a_team(pair, "Sales")

        Team.objects.bulk_create([again, new], update_conflicts=True, update_fields=["details"], unique_fields=["id"])

        assert {team.pk: team.details.name for team in Team.objects.all()} == {known.pk: "People", new.pk: "Sales"}


def test_an_upsert_that_would_keep_another_rows_id_is_refused(pair: Pair) -> None:
    with current.organization(pair.organization_id), pytest.raises(SealRefused, match="unique_fields"):
        Team.objects.bulk_create(
            [Team(id=time_ordered_id(), organization_id=pair.organization_id, details=Team.Details("People"))],
            update_conflicts=True,
            update_fields=["details"],
            unique_fields=["organization"],
        )


def test_bulk_update_and_update_are_refused_and_change_nothing(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        team = a_team(pair, "Payroll")
        team.save()
        team.details = Team.Details("canary")

        for write in (
            lambda: Team.objects.bulk_update([team], ["details"]),
            lambda: Team.objects.update(details=team.details),
        ):
            with pytest.raises(SealRefused) as refused, transaction.atomic():
                write()
            assert "canary" not in str(refused.value)

        assert Team.objects.get().details.name == "Payroll"
