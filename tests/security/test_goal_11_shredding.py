"""Goal 11: what was shredded opens from no backup, neither of the rows nor of the keys; all else opens as before."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from calendars.models import Event
from clockwise.encryption import keys
from clockwise.encryption.errors import KeyMissing
from clockwise.encryption.keys import KeyOwner
from clockwise.organizations.models import Member
from clockwise.tenancy import current
from tests.organizations import Pair, make_pair
from tests.security.rows import fill
from tests.security.test_goal_10_rotation import command, own_keys  # noqa: F401


@pytest.fixture
def pair(own_keys: Path) -> Pair:  # noqa: F811
    pair = make_pair()
    fill(pair.ada)
    fill(pair.ben)
    fill(pair.mallory)
    return pair


def titles(pair: Pair) -> dict[str, list[str]]:
    """What opens, by person; a person whose rows can't be opened is left out."""
    seen = {}
    for name, member in (("ada", pair.ada), ("ben", pair.ben), ("mallory", pair.mallory)):
        try:
            with current.organization(member.organization_id):
                seen[name] = [event.details.title for event in Event.objects.filter(member_id=member.pk)]
        except KeyMissing:
            continue
    return seen


def dump(pair: Pair) -> list[tuple[Any, ...]]:
    """Events as a backup of the database holds them."""
    found = []
    for organization_id in (pair.organization_id, pair.other_organization_id):
        with current.organization(organization_id), connection.cursor() as cursor:
            cursor.execute("SELECT organization_id, id, details FROM calendars_event")
            found += cursor.fetchall()
    return found


def restore(kept: list[tuple[Any, ...]]) -> None:
    for organization_id, event_id, details in kept:
        with current.organization(organization_id), connection.cursor() as cursor:
            cursor.execute("UPDATE calendars_event SET details = %s WHERE id = %s", [details, event_id])


ALL = {"ada": ["canary"], "ben": ["canary"], "mallory": ["canary"]}


def test_goal_11_nothing_of_a_shredded_members_keys_is_left_in_the_keystore(pair: Pair, own_keys: Path) -> None:  # noqa: F811
    keys.shred_member(pair.organization_id, pair.ada.pk)

    assert titles(pair) == {"ben": ["canary"], "mallory": ["canary"]}
    left = [path.name for path in own_keys.rglob(f"{pair.ada.pk}*")]
    assert left == [f"{pair.ada.pk}.tombstone"]


def test_goal_11_a_shredded_member_opens_from_no_backup_of_rows_or_keys(pair: Pair, own_keys: Path) -> None:  # noqa: F811
    assert titles(pair) == ALL
    kept = dump(pair)
    command("backup", "--to", str(_private(own_keys / "yesterday")))

    keys.shred_member(pair.organization_id, pair.ada.pk)
    restore(kept)
    assert command("restore", "--from", str(own_keys / "yesterday")) == {"restored": 0}

    assert titles(pair) == {"ben": ["canary"], "mallory": ["canary"]}
    with pytest.raises(KeyMissing), current.organization(pair.organization_id):
        _ = Member.objects.get(pk=pair.ada.pk).details


def test_goal_11_a_shredded_organization_opens_from_no_backup_of_rows_or_keys(pair: Pair, own_keys: Path) -> None:  # noqa: F811
    kept = dump(pair)
    keys.backup(str(_private(own_keys / "yesterday")))

    keys.shred_organization(pair.organization_id)
    restore(kept)
    keys.restore(str(own_keys / "yesterday"))

    assert titles(pair) == {"mallory": ["canary"]}
    with pytest.raises(KeyMissing, match="never made again"):
        keys.create_organization_key(pair.organization_id)


def test_goal_11_a_tombstone_in_the_backup_is_obeyed_too(pair: Pair, own_keys: Path, settings: Any) -> None:  # noqa: F811
    """The keystore itself is lost; one backup is from before the erasure, a later one from after it."""
    keys.backup(str(_private(own_keys / "before")))
    keys.shred_member(pair.organization_id, pair.ada.pk)
    keys.backup(str(_private(own_keys / "after")))
    settings.CLOCKWISE_KEYSTORE = str(_private(own_keys / "new"))
    keys.forget_all()

    keys.restore(str(own_keys / "before"))
    keys.restore(str(own_keys / "after"))

    assert titles(pair) == {"ben": ["canary"], "mallory": ["canary"]}


def test_goal_11_a_lost_keystore_comes_back_from_its_backup(pair: Pair, own_keys: Path, settings: Any) -> None:  # noqa: F811
    keys.backup(str(_private(own_keys / "yesterday")))
    settings.CLOCKWISE_KEYSTORE = str(_private(own_keys / "new"))
    keys.forget_all()
    assert titles(pair) == {}

    command("restore", "--from", str(own_keys / "yesterday"))

    assert titles(pair) == ALL


def test_goal_11_control_without_tombstones_the_backup_of_the_keys_brings_the_person_back(
    pair: Pair,
    own_keys: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys.backup(str(_private(own_keys / "yesterday")))
    monkeypatch.setattr(keys, "_TOMBSTONES", "forgotten/")
    keys.shred_member(pair.organization_id, pair.ada.pk)
    for path in (own_keys / "keystore" / "forgotten").rglob("*.tombstone"):
        path.unlink()
    keys.restore(str(own_keys / "yesterday"))
    assert titles(pair) == ALL


def test_goal_11_an_erased_member_is_known_as_such(pair: Pair) -> None:
    keys.shred_member(pair.organization_id, pair.ada.pk)
    assert keys.is_shredded(KeyOwner(pair.organization_id, pair.ada.pk))
    assert not keys.is_shredded(KeyOwner(pair.organization_id, pair.ben.pk))
    keys.shred_organization(pair.organization_id)
    assert keys.is_shredded(KeyOwner(pair.organization_id, pair.ben.pk))


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder
