"""Goal 10: keys are rotated while people read and write; a new master key touches no row.

Rates are measured by `benchmarks/encryption.py`; here nothing may fail, be lost or stay behind.
"""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection, connections

from calendars.models import Event
from calendars.models.event import EventDetails
from clockwise.encryption import keys, resealing
from clockwise.encryption.envelope import generation_of
from clockwise.encryption.errors import KeyMissing
from clockwise.encryption.keys import KeyOwner
from clockwise.organizations import members
from clockwise.tenancy import current
from tests.clockwise.encryption.conftest import key_line
from tests.organizations import Pair, make_pair
from tests.security.rows import TENANT_MODELS, copies, fill

GENERATIONS = "SELECT get_byte(details, 2), count(*) FROM calendars_event GROUP BY 1"


@pytest.fixture
def own_keys(tmp_path: Path, settings: Any, database: None) -> Iterator[Path]:
    """A keystore and a key file of this test alone, with a second installation's worth of people."""
    (tmp_path / "keystore").mkdir(mode=0o700)
    settings.CLOCKWISE_KEYSTORE = str(tmp_path / "keystore")
    settings.CLOCKWISE_KEY_FILE = str(tmp_path / "master-keys")
    (tmp_path / "master-keys").touch(mode=0o600)
    (tmp_path / "master-keys").write_text(key_line(1) + "\n")
    keys.forget_all()
    keys.create_installation_key()
    yield tmp_path
    keys.forget_all()


def command(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("keys", *arguments, stdout=out)
    return json.loads(out.getvalue().splitlines()[-1])


def rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def generations(organization_id: UUID) -> dict[int, int]:
    with current.organization(organization_id):
        return dict(rows(GENERATIONS))


def versions(organization_id: UUID) -> list[tuple[Any, ...]]:
    """Which transaction wrote each row of the organization last."""
    with current.organization(organization_id):
        return [row for model in TENANT_MODELS for row in rows(f'SELECT id, xmin FROM "{model._meta.db_table}"')]


@contextmanager
def meanwhile(work: Callable[[int], None]) -> Iterator[list[BaseException]]:
    """Repeat the work in a thread until the block ends; what it raised is the value."""
    stop, failures = threading.Event(), list[BaseException]()

    def loop() -> None:
        turn = 0
        while not stop.is_set():
            try:
                work(turn)
            except BaseException as failure:  # noqa: BLE001
                failures.append(failure)
            turn += 1
        connections.close_all()

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield failures
    finally:
        stop.set()
        thread.join()


def rotate_under_load(pair: Pair, count: int) -> None:
    event = fill(pair.ada)[Event]
    ids = [event.pk, *(row.pk for row in copies(event, count - 1))]
    owner = KeyOwner(pair.organization_id, pair.ada.pk)

    def read(turn: int) -> None:
        with current.organization(pair.organization_id):
            assert Event.objects.get(pk=ids[turn % count]).details.title

    def write(turn: int) -> None:
        with current.organization(pair.organization_id):
            row = Event.objects.select_for_update().get(pk=ids[-1 - turn % count])
            row.details = EventDetails(title=f"written {turn}")
            row.save(update_fields=["details"])

    with meanwhile(read) as failed_reads, meanwhile(write) as failed_writes:
        answer = command("rotate", "--email", "ada@company.example")
    assert (failed_reads, failed_writes) == ([], [])
    assert answer["rows"] > 0  # people may have written some rows under the new key themselves
    assert generations(pair.organization_id) == {2: count}
    # Every row opens in a process that starts now.
    keys.forget(owner)
    with current.organization(pair.organization_id):
        assert all(row.details.title for row in Event.objects.iterator())


def test_goal_10_a_members_key_is_rotated_with_no_failed_read_or_write(own_keys: Path) -> None:
    rotate_under_load(make_pair(), 1500)


@pytest.mark.long
def test_goal_10_a_million_rows_of_one_member_are_sealed_anew_online(own_keys: Path) -> None:
    rotate_under_load(make_pair(), 1_000_000)


def test_goal_10_a_row_that_somebody_holds_is_waited_for(own_keys: Path) -> None:
    pair = make_pair()
    held = fill(pair.ada)[Event]
    copies(held, 10)
    with current.organization(pair.organization_id):
        Event.objects.select_for_update().get(pk=held.pk)
        rotation = threading.Thread(target=_rotate_and_close)
        rotation.start()
        rotation.join(timeout=3)  # by now it has sealed the free rows and waits, or is slow: both end well
    rotation.join()
    assert generations(pair.organization_id) == {2: 11}


def test_goal_10_control_a_held_row_that_nobody_waits_for_stays_behind(
    own_keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = make_pair()
    held = fill(pair.ada)[Event]
    copies(held, 10)
    monkeypatch.setattr(resealing, "_reseal_rest", lambda model, whose, fields: 0)
    with current.organization(pair.organization_id):
        Event.objects.select_for_update().get(pk=held.pk)
        done = threading.Thread(target=_rotate_and_close)
        done.start()
        done.join()
    assert generations(pair.organization_id) == {1: 1, 2: 10}
    assert command("rotate", "--email", "ada@company.example", "--continue")["rows"] == 1
    assert generations(pair.organization_id) == {2: 11}


def _rotate_and_close() -> None:
    command("rotate", "--email", "ada@company.example")
    connections.close_all()


def test_goal_10_an_organizations_rotation_takes_every_key_of_it_and_of_nobody_else(own_keys: Path) -> None:
    pair = make_pair()
    for member in (pair.ada, pair.mallory):
        fill(member)

    answer = command("rotate", "--organization", "company.example")

    assert answer == {"organizations": 1, "rows": answer["rows"]}
    assert generations(pair.organization_id) == {2: 1}
    assert generations(pair.other_organization_id) == {1: 1}
    # The members' keys are wrapped by the organization's second generation: the first could be dropped from here.
    keystore = own_keys / "keystore" / str(pair.organization_id)
    assert {generation_of(path.read_bytes()) for path in (keystore / "members").iterdir()} == {2}
    keys.forget_all()
    assert members.find("ada@company.example").member_id == pair.ada.pk  # blind indexes stay as they were


def test_goal_10_a_new_master_key_touches_no_row_and_lets_the_old_one_go(own_keys: Path) -> None:
    pair = make_pair()
    fill(pair.ada)
    before = versions(pair.organization_id)
    file = own_keys / "master-keys"
    file.write_text(file.read_text() + key_line(2) + "\n")

    assert keys.rewrap_under_master() == 3  # two organizations' and the installation's

    assert versions(pair.organization_id) == before
    file.write_text(file.read_text().splitlines()[1] + "\n")
    keys.forget_all()
    with current.organization(pair.organization_id):
        assert Event.objects.get().details.title == "canary"


def test_goal_10_control_without_rewrapping_the_old_master_key_is_still_needed(own_keys: Path) -> None:
    pair = make_pair()
    fill(pair.ada)
    file = own_keys / "master-keys"
    file.write_text(key_line(2) + "\n")
    keys.forget_all()
    with pytest.raises(KeyMissing, match="generation 1"), current.organization(pair.organization_id):
        _ = Event.objects.get().details


def test_goal_10_rewrapping_again_changes_nothing(own_keys: Path) -> None:
    make_pair()
    stored = {path: path.read_bytes() for path in (own_keys / "keystore").rglob("*.1")}
    assert stored
    command("rewrap")
    assert {path: path.read_bytes() for path in stored} == stored


def test_goal_10_a_key_that_is_shredded_while_it_is_rewrapped_does_not_come_back(
    own_keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = make_pair()
    rewrapped = keys._rewrapped

    def shredded_meanwhile(*arguments: Any) -> bytes:
        changed = rewrapped(*arguments)
        keys.shred_member(pair.organization_id, pair.ada.pk)
        return changed

    monkeypatch.setattr(keys, "_rewrapped", shredded_meanwhile)
    with pytest.raises(KeyMissing):
        keys.rewrap_members(pair.organization_id)
    assert not list((own_keys / "keystore").rglob(f"{pair.ada.pk}.[0-9]"))
    shutil.rmtree(own_keys / "keystore")
