"""Row-level security on the live schema, and every way across that we could think of."""

import uuid
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.db.models import ForeignKey

from clockwise.audit.models import AuditEntry
from clockwise.organizations import tokens
from clockwise.organizations.models import Domain, Member, Team, TeamMembership
from clockwise.tenancy import current, rls
from clockwise.tenancy.checks import check_tenant_walls
from clockwise.tenancy.models import TenantForeignKey, TenantModel
from tests.organizations import Pair

TENANT_MODELS = [model for model in apps.get_models() if issubclass(model, TenantModel)]
PROTECTED = """
SELECT c.relrowsecurity, c.relforcerowsecurity, count(p.*)
FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'tenant'
WHERE c.oid = %s::regclass GROUP BY 1, 2
"""


def rows(sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda model: model._meta.label)
def test_each_tenant_table_enables_and_forces_row_level_security(model: type[TenantModel], database: None) -> None:
    assert rows(PROTECTED, [model._meta.db_table]) == [(True, True, 1)]


def test_no_table_with_an_organization_lacks_a_policy_or_has_a_plain_foreign_key(database: None) -> None:
    assert rows(rls.UNPROTECTED) == []
    assert rows(rls.PLAIN_REFERENCES) == []


def test_the_system_check_finds_a_table_that_somebody_forgot(database: None) -> None:
    from django.db import connections

    assert check_tenant_walls(None, ["default"]) == []
    with connections["owner"].cursor() as owner:
        owner.execute("CREATE TABLE forgotten (id uuid, organization_id uuid)")
        try:
            assert [error.id for error in check_tenant_walls(None, ["default"])] == ["tenancy.E001"]
        finally:
            owner.execute("DROP TABLE forgotten")


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda model: model._meta.label)
def test_references_between_tenant_models_are_tenant_foreign_keys(model: type[TenantModel]) -> None:
    for field in model._meta.local_fields:
        if isinstance(field, ForeignKey) and issubclass(field.related_model, TenantModel):
            assert isinstance(field, TenantForeignKey), field


def test_the_application_role_is_neither_owner_nor_superuser(database: None) -> None:
    [(superuser, bypass, create_role, create_database)] = rows(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    )
    assert (superuser, bypass, create_role, create_database) == (False, False, False, False)
    with pytest.raises(DatabaseError), transaction.atomic():
        rows("ALTER TABLE organizations_member DISABLE ROW LEVEL SECURITY")


def test_without_an_organization_there_is_no_tenant_row(pair: Pair) -> None:
    assert list(Member.objects.all()) == []
    assert rows("SELECT id FROM organizations_member") == []


def test_raw_sql_sees_and_changes_only_the_current_organization(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        found = {row[0] for row in rows("SELECT id FROM organizations_member")}
        with connection.cursor() as cursor:
            cursor.execute("UPDATE organizations_member SET epoch = 7")
            assert cursor.rowcount == 2
            cursor.execute("DELETE FROM organizations_domain WHERE organization_id = %s", [pair.other_organization_id])
            assert cursor.rowcount == 0
    assert found == {pair.ada.pk, pair.ben.pk}
    with current.organization(pair.other_organization_id):
        assert Member.objects.get(pk=pair.mallory.pk).epoch == 0
        assert Domain.objects.count() == 1


def test_the_orm_neither_finds_nor_updates_another_organizations_row(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        assert not Member.objects.filter(pk=pair.mallory.pk).exists()
        assert Member._base_manager.filter(pk=pair.mallory.pk).update(epoch=9) == 0
        assert not Member.objects.using("default").filter(organization_id=pair.other_organization_id).exists()


def test_a_row_for_another_organization_is_refused_in_code_and_again_by_the_database(pair: Pair) -> None:
    details = Team.Details(name="Spies")
    with current.organization(pair.organization_id), pytest.raises(current.WrongOrganization):
        Team.objects.create(organization_id=pair.other_organization_id, details=details)
    with current.organization(pair.organization_id), pytest.raises(DatabaseError), transaction.atomic():
        rows(
            "INSERT INTO organizations_teammembership (id, organization_id, team_id, member_id) "
            "VALUES (%s, %s, %s, %s)",
            [uuid.uuid4(), pair.other_organization_id, uuid.uuid4(), pair.mallory.pk],
        )


def test_a_child_of_another_organizations_parent_is_refused_by_the_composite_key(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        team = Team.objects.create(details=Team.Details(name="Platform"))
    with pytest.raises(DatabaseError), current.organization(pair.organization_id):
        TeamMembership.objects.create(team=team, member_id=pair.mallory.pk)


def test_the_setting_does_not_outlive_its_transaction(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        assert Member.objects.count() == 2
    assert rows("SELECT id FROM organizations_member") == []


def test_one_organizations_work_cannot_be_done_inside_another_ones(pair: Pair) -> None:
    with (
        current.organization(pair.organization_id),
        pytest.raises(current.WrongOrganization),
        current.organization(pair.other_organization_id),
    ):
        pass


def test_an_open_transaction_cannot_be_given_an_organization(pair: Pair) -> None:
    with transaction.atomic(), pytest.raises(current.WrongOrganization), current.organization(pair.organization_id):
        pass


def test_reading_outside_a_transaction_is_an_error_rather_than_an_empty_answer(pair: Pair) -> None:
    with current.acting_for(pair.organization_id), pytest.raises(current.OutsideTransaction):
        list(Member.objects.all())


def test_audit_entries_can_be_added_but_never_changed_or_deleted(pair: Pair) -> None:
    for statement in ("UPDATE audit_auditentry SET action = 'x'", "DELETE FROM audit_auditentry"):
        with pytest.raises(DatabaseError), current.organization(pair.organization_id):
            rows(statement)
    with current.organization(pair.organization_id):
        assert AuditEntry.objects.filter(action="member.added").count() == 2


def test_look_ups_before_the_organization_is_known_give_ids_only(pair: Pair) -> None:
    assert not rows("SELECT has_table_privilege('cw_lookup', 'calendars_event', 'SELECT')")[0][0]
    assert not rows("SELECT has_column_privilege('cw_lookup', 'organizations_member', 'details', 'SELECT')")[0][0]


def test_a_token_of_one_organization_reads_nothing_of_another_through_the_api(pair: Pair, client: object) -> None:
    with current.organization(pair.other_organization_id):
        secret = tokens.create(pair.mallory, scopes={"read", "write"})
    answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})  # type: ignore[attr-defined]
    assert answer.json()["organization"] == str(pair.other_organization_id)


def test_a_password_column_does_not_exist(database: None) -> None:
    columns = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    assert rows(f"{columns} AND column_name ~* 'passw'") == []
