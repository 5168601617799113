"""Register, export, erasure, retention, choices, clocks. Goals 24, 25 and 26."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models

from calendars.models import Calendar, Event, GoogleConnection
from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.encryption import keys
from clockwise.encryption.keys import KeyOwner
from clockwise.organizations import members, standing
from clockwise.organizations.models import Member, Organization
from clockwise.organizations.plans import FeatureLocked, Plan
from clockwise.organizations.roles import Role
from clockwise.tenancy import current
from clockwise.tenancy.models import time_ordered_id
from privacy import checks, choices, clocks, erasure, export, register, retention
from privacy.models import DataExport, Erasure, PrivacyRequest
from scheduling.models import OptimizationRun
from tests.company import MONDAY, SUNDAY_NOON, Company, address, meeting
from tests.organizations import Pair
from tests.security.rows import fill
from tests.security.test_no_plaintext_at_rest import found, postgres_dump, redis_dump

Json = dict[str, Any]


def test_goal_26_every_column_of_every_table_is_declared() -> None:
    assert list(register.undeclared()) == []
    assert list(register.stale()) == []


def replace_declaration(monkeypatch: pytest.MonkeyPatch, table: register.Table) -> None:
    tables: dict[type[models.Model], register.Table] = {**register._tables}
    tables[table.model] = table
    monkeypatch.setattr(register, "_tables", tables)


def test_goal_26_control_a_forgotten_column_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = register._tables[Event]
    personal = {name: what for name, what in declared.personal.items() if name != "details"}
    broken = register.Table(**{**vars(declared), "personal": personal})
    replace_declaration(monkeypatch, broken)

    [error] = checks.check_register(None)
    assert error.id == "privacy.E001"
    assert "calendars.event.details" in error.msg


def test_goal_26_a_column_that_is_gone_fails_the_check_too(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = register._tables[Event]
    broken = register.Table(**{**vars(declared), "technical": declared.technical | {"gone"}})
    replace_declaration(monkeypatch, broken)
    assert [error.id for error in checks.check_register(None)] == ["privacy.E002"]


def test_what_is_about_people_says_whose_it_is_why_and_until_when() -> None:
    for table in register.about_people():
        assert table.retention
        assert table.erased or table.kept_because, table.name
        if table.personal:
            assert table.basis != register.Basis.NONE, table.name


def test_every_row_of_a_member_is_declared_as_theirs() -> None:
    """A foreign key to a member makes rows somebody's, directly or through the one who did it."""
    for table in register.tables():
        for column in table.model._meta.local_concrete_fields:
            if isinstance(column, models.ForeignKey) and column.related_model is Member:
                assert column.name in table.personal, f"{table.name}.{column.name}"


def opened(content: bytes) -> tuple[Json, dict[str, str]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    return json.loads(texts["everything.json"]), texts


def test_goal_24_an_export_holds_every_word_of_the_person_and_none_of_anybody_else(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        cleo = members.add(address="cleo@company.example", name="Cleo", role=Role.MEMBER)
    mine = fill(pair.ben, "canaryben")
    theirs = fill(cleo, "canarycleo")
    fill(pair.mallory, "canarymallory")
    with current.organization(pair.organization_id):
        everything, texts = opened(export.bundle(pair.ben.pk))
        expected = [table for table in register.about_people() if table.person]
        assert [table["name"] for table in everything["tables"]] == [table.name for table in expected]
        for table, exported in zip(expected, everything["tables"], strict=True):
            assert len(exported["rows"]) == table.rows_of(pair.ben.pk).count(), table.name
            row = next((own for model, own in mine.items() if model is table.model), None)
            if row is not None and table.rows_of(pair.ben.pk).filter(pk=row.pk).exists():
                assert str(row.pk) in {each["id"] for each in exported["rows"]}, table.name
    whole = "".join(texts.values())
    assert theirs
    assert "canaryben" in whole
    assert "canarycleo" not in whole
    assert "canarymallory" not in whole
    assert "mallory.example" not in whole


def test_goal_24_every_sealed_word_of_the_person_is_in_the_export(company: Company) -> None:
    words = {"summary": "Canarytitle", "location": "Canaryplace"}
    body = meeting(words["summary"], MONDAY, 10, 60, "ben", "guest@outside.example", location=words["location"])
    company.insert("ben", body)
    company.insert("ada", meeting("Adas own", MONDAY, 14, 60, "ada"))
    company.sync()
    with company.inside():
        everything, texts = opened(export.bundle(company.ids["ben"]))
        credentials = company.connection("ben").credentials
    whole = "".join(texts.values())
    for word in [*words.values(), "guest@outside.example", address("ben"), "Europe/Berlin"]:
        assert word in texts["everything.json"], word
        assert word in whole
    for word in words.values():
        assert word in texts["events.ics"]
        assert word in texts["tables/calendars.event.csv"]
    assert "Adas own" not in whole
    assert credentials is not None
    assert credentials.refresh_token not in whole
    assert everything["format"] == export.FORMAT


def test_goal_24_ten_thousand_events_are_ready_in_less_than_a_minute(company: Company) -> None:
    company.insert("ben", meeting("One", MONDAY, 10, 60, "ben", "ada"))
    company.sync("ben")
    with company.inside():
        first = Event.objects.get()
        _ = first.details
        copies = []
        for number in range(10_000):
            values = {f.name: getattr(first, f.name) for f in Event._meta.local_concrete_fields if f.name != "id"}
            copies.append(Event(**{**values, "id": time_ordered_id(), "google_id": f"copy{number}"}))
        Event.objects.bulk_create(copies, batch_size=500)
    import time

    began = time.process_time()
    with company.inside():
        everything, _texts = opened(export.bundle(company.ids["ben"]))
    [events] = [table for table in everything["tables"] if table["name"] == "calendars.event"]
    assert len(events["rows"]) == 10_001
    # Of CPU, not of the clock on the wall: goal 24 allows a minute.
    assert time.process_time() - began < 60


def test_a_cell_that_a_spreadsheet_would_run_is_defused() -> None:
    for text in ("=1+1", "+1", "-1", "@x", "\tx", "\rx"):
        assert export._cell(text) == f"'{text}"
    assert export._cell("plain") == "plain"
    assert export._cell({"a": 1}) == '{"a": 1}'


def make_export(company: Company, *, by: str = "ben") -> DataExport:
    with company.inside():
        asked = export.request(company.member("ben"), by=company.member(by))
    with company.acting():
        export.make_waiting()
    with company.inside():
        return DataExport.objects.get(pk=asked.pk)


def test_an_export_is_fetched_by_who_asked_for_a_day_by_a_signed_link(company: Company) -> None:
    made = make_export(company)
    token = export.link_token(made)
    with company.inside():
        _, content = export.open_link(token, by=company.member("ben"))
        assert opened(content)[0]["person"] == str(company.ids["ben"])
        for by, wrong in [("ada", token), ("ben", token[:-1] + ("A" if token[-1] != "A" else "B")), ("ben", "")]:
            with pytest.raises(export.LinkRefused):
                export.open_link(wrong, by=company.member(by))
    with current.organization(company.other_organization_id), pytest.raises(export.LinkRefused):
        export.open_link(token, by=Member.objects.get(pk=company.ids["mallory"]))
    with clock.stopped(SUNDAY_NOON + timedelta(hours=24)):
        with company.inside(), pytest.raises(export.LinkRefused):
            export.open_link(token, by=company.member("ben"))
        with company.acting():
            assert retention.apply_all()["exports"] == 1


def test_an_export_lies_sealed_until_it_is_fetched(company: Company) -> None:
    company.insert("ben", meeting("Canarytitle", MONDAY, 10, 60, "ben"))
    company.sync("ben")
    make_export(company)
    assert found(["Canarytitle", address("ben")], postgres_dump()) == []


def erase(company: Company, name: str) -> None:
    with company.inside():
        erasure.request(company.member(name), typed=f" {address(name).upper()} ", by=company.member("ada"))
    with company.acting():
        erasure.carry_out_all()


def rows_left(member_id: UUID) -> list[str]:
    """Any column of any table, asked of the database itself."""
    left = []
    with connection.cursor() as cursor:
        for model in register._tables:
            for column in model._meta.local_concrete_fields:
                if column.db_type(connection) == "uuid":
                    table = model._meta.db_table
                    cursor.execute(
                        f'SELECT count(*) FROM "{table}" WHERE "{column.column}" = %s',
                        [member_id],
                    )
                    if cursor.fetchone()[0]:
                        left.append(f"{table}.{column.column}")
    return sorted(left)


def test_goal_25_nothing_of_an_erased_person_is_left_but_numbers(company: Company) -> None:
    company.insert("ben", meeting("Canarytitle", MONDAY, 10, 60, "ben", location="Canaryplace"))
    company.insert("ada", meeting("Staysthere", MONDAY, 14, 60, "ada"))
    company.sync()
    erase(company, "ben")

    with company.inside():
        assert rows_left(company.ids["ben"]) == [
            "audit_auditentry.actor_id",
            "audit_auditentry.target_id",
            "privacy_erasure.member_id",
        ]
        assert keys.is_shredded(KeyOwner(company.organization_id, company.ids["ben"]))
        done = Erasure.objects.get()
        assert done.finished_at is not None
        assert done.told_google
        assert done.counts["Events"] >= 1
        assert Event.objects.filter(member=company.ids["ada"]).exists()
    words = ["Canarytitle", "Canaryplace", address("ben")]
    assert found(words, postgres_dump()) == []
    assert found(words, redis_dump()) == []
    assert any("revoke" in entry["path"] for entry in company.google.log)


def test_goal_25_an_erasure_holds_after_a_restore(company: Company) -> None:
    """A dump from before brings the rows back; the keystore's tombstone has outlived it."""
    company.insert("ben", meeting("Canarytitle", MONDAY, 10, 60, "ben"))
    company.sync()
    with company.inside():
        before: list[tuple[type[models.Model], list[Any]]] = [
            (model, list(model._default_manager.filter(member=company.ids["ben"]).values()))
            for model in (GoogleConnection, Calendar, Event)
        ]
        raw: Any = Member.objects.filter(pk=company.ids["ben"]).values().get()
    erase(company, "ben")
    with company.inside():
        before.insert(0, (Member, [raw]))
        for model, rows in before:
            for row in rows:
                insert_raw(model, row)
        Erasure.objects.all().delete()
        assert Event.objects.filter(member=company.ids["ben"]).exists()
        with pytest.raises(Exception, match="keystore has no key"):
            _ = Event.objects.filter(member=company.ids["ben"])[0].details

    assert erasure.replay() == 1

    with company.inside():
        assert not Event.objects.filter(member=company.ids["ben"]).exists()
        assert not Member.objects.filter(pk=company.ids["ben"]).exists()
        assert Erasure.objects.get().finished_at is not None
    assert erasure.replay() == 0


def insert_raw(model: type[models.Model], row: Json) -> None:
    columns = {field.column: row[field.attname] for field in model._meta.concrete_fields}
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join(["%s"] * len(columns))
    values = [json.dumps(value) if isinstance(value, (dict, list)) else value for value in columns.values()]
    with connection.cursor() as cursor:
        cursor.execute(f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES ({marks})', values)


def test_an_erasure_needs_the_address_and_another_owner(company: Company) -> None:
    with company.inside():
        ada, ben = company.member("ada"), company.member("ben")
        with pytest.raises(erasure.NotConfirmed):
            erasure.request(ben, typed="ben", by=ada)
        with pytest.raises(standing.LastOwner):
            erasure.request(ada, typed=address("ada"), by=ada)
        assert not Erasure.objects.exists()


def test_an_erasure_that_broke_off_is_finished_by_the_next_try(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.sync()
    real = keys.shred_member
    monkeypatch.setattr(keys, "shred_member", lambda *_: (_ for _ in ()).throw(RuntimeError("crash")))
    with pytest.raises(RuntimeError):
        erase(company, "ben")
    monkeypatch.setattr(keys, "shred_member", real)
    with company.acting():
        erasure.carry_out_all()
    with company.inside():
        assert Erasure.objects.get().finished_at is not None
        assert keys.is_shredded(KeyOwner(company.organization_id, company.ids["ben"]))


def test_a_google_that_is_away_delays_no_erasure(company: Company, settings: Any) -> None:
    company.sync()
    settings.GOOGLE = {**settings.GOOGLE, "GOOGLE_REVOKE_URI": "http://127.0.0.1:9/revoke"}
    erase(company, "ben")
    with company.inside():
        done = Erasure.objects.get()
        assert done.finished_at is not None
        assert not done.told_google


def test_the_commands_export_and_erase(company: Company, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    company.insert("ben", meeting("Canarytitle", MONDAY, 10, 60, "ben"))
    company.sync()
    target = tmp_path / "ben.zip"
    call_command("export", email=address("ben"), out=target)
    assert opened(target.read_bytes())[0]["person"] == str(company.ids["ben"])
    assert target.stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError, match="exists already"):
        call_command("export", email=address("ben"), out=target)
    call_command("erase", email=address("ben"))
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["told_google"] is True
    with company.inside():
        assert not Member.objects.filter(pk=company.ids["ben"]).exists()
    with pytest.raises(CommandError):
        call_command("erase", email=address("ben"))
    with pytest.raises(CommandError):
        call_command("erase")


def test_goal_26_retention_deletes_on_time_and_says_so(company: Company) -> None:
    with company.inside():
        for days in (89, 91):
            OptimizationRun.objects.create(
                first_day=MONDAY,
                horizon_start=SUNDAY_NOON,
                horizon_end=SUNDAY_NOON,
                created_at=SUNDAY_NOON - timedelta(days=days),
            )
        assert retention.preview("proposals", 90) == 1
    with company.acting():
        assert retention.apply_all() == {"proposals": 1}
    with clock.stopped(SUNDAY_NOON + timedelta(days=2)), company.acting():
        assert retention.apply_all() == {"proposals": 1}
    with company.inside():
        assert [e.body.facts["rows"] for e in AuditEntry.objects.filter(action="privacy.retention_applied")] == [1, 1]


def test_a_shorter_retention_is_previewed_and_acts_at_once(company: Company) -> None:
    with company.inside():
        ada = company.member("ada")
        OptimizationRun.objects.create(
            first_day=MONDAY,
            horizon_start=SUNDAY_NOON,
            horizon_end=SUNDAY_NOON,
            created_at=SUNDAY_NOON - timedelta(days=40),
        )
        assert retention.preview("proposals", 30) == 1
        assert retention.choose("proposals", 30, by=ada.pk) == 1
        for name, days in (("proposals", 13), ("proposals", 731), ("exports", 2), ("nonsense", 30)):
            with pytest.raises(retention.BadRetention):
                retention.choose(name, days, by=ada.pk)
        Organization.objects.filter(pk=ada.organization_id).update(plan=Plan.FREE)
        with pytest.raises(FeatureLocked):
            retention.choose("proposals", 90, by=ada.pk)
        [proposals] = [each for each in retention.all_of_them() if each.name == "proposals"]
        assert retention.days_of(proposals) == 30


def test_an_objection_holds_until_it_is_taken_back_and_all_of_it_is_on_record(pair: Pair) -> None:
    use = choices.Use.TEAM_FIGURES
    with current.organization(pair.organization_id):
        both = frozenset({pair.ada.pk, pair.ben.pk})
        assert choices.who_allows(both, use) == both
        choices.choose(pair.ben, use, allowed=False)
        assert choices.who_allows(both, use) == {pair.ada.pk}
        choices.choose(pair.ben, use, allowed=True)
        choices.choose(pair.ben, use, allowed=True)
        assert choices.allows(pair.ben.pk, use)
        assert not choices.allows(pair.ben.pk, choices.Use.PRODUCT_NEWS)
        assert AuditEntry.objects.filter(action="privacy.choice_made").count() == 2


@pytest.mark.parametrize(
    ("kind", "time"),
    [("access", timedelta(days=30)), ("request under CCPA", timedelta(days=45)), ("breach", timedelta(hours=72))],
)
def test_a_request_has_the_time_that_the_law_gives_it(pair: Pair, kind: str, time: timedelta) -> None:
    with clock.stopped(SUNDAY_NOON), current.organization(pair.organization_id):
        opened_at = SUNDAY_NOON - timedelta(hours=5)
        request = clocks.open_request(kind, subject="Somebody", by=pair.ada.pk, received_at=opened_at)
        assert request.due_at == opened_at + time
        clocks.close(request, by=pair.ada)
        clocks.close(request, by=pair.ada)
        assert PrivacyRequest.objects.get().closed_at == SUNDAY_NOON
        assert AuditEntry.objects.filter(action="privacy.request_closed").count() == 1
        for wrong in ({"kind": "x"}, {"subject": " "}, {"received_at": SUNDAY_NOON + timedelta(hours=1)}):
            with pytest.raises(clocks.BadRequest):
                clocks.open_request(**{"kind": kind, "subject": "S", "by": pair.ada.pk, **wrong})  # type: ignore[arg-type]
