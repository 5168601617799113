import os
import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from pytest_django import Settings

from clockwise.encryption import keys
from clockwise.encryption.errors import EncryptionError, KeyMissing, KeyRefused
from clockwise.encryption.keys import KeyOwner
from clockwise.encryption.unwrapped import SECONDS
from tests.clockwise.encryption.conftest import People, write_key_file

PURPOSE = "table.column"


def subkey(owner: KeyOwner) -> bytes:
    return keys.data_key(owner).subkey(PURPOSE)


def stored(settings: Settings, owner: KeyOwner) -> Path:
    name = f"members/{owner.member_id}.1" if owner.member_id else "organization.1"
    return Path(settings.CLOCKWISE_KEYSTORE) / str(owner.organization_id) / name


def test_each_owner_has_a_key_of_their_own_that_lasts(people: People) -> None:
    owners = [people.organization, people.ada, people.ben, people.other_organization, people.mallory]
    before = [subkey(owner) for owner in owners]

    keys.forget_all()

    assert len(set(before)) == 5
    assert [subkey(owner) for owner in owners] == before


def test_making_a_key_again_changes_nothing(people: People) -> None:
    before = subkey(people.organization), subkey(people.ada)

    keys.create_organization_key(people.organization.organization_id)
    keys.create_member_key(people.ada.organization_id, people.ada.member_id or uuid4())
    keys.forget_all()

    assert (subkey(people.organization), subkey(people.ada)) == before


def test_a_missing_key_is_never_made(people: People, key_settings: Settings) -> None:
    stranger = KeyOwner(people.organization.organization_id, uuid4())

    with pytest.raises(KeyMissing, match=str(stranger.member_id)):
        keys.data_key(stranger)
    with pytest.raises(KeyMissing, match="CLOCKWISE_KEYSTORE"):
        keys.data_key(KeyOwner(uuid4(), None))
    with pytest.raises(KeyMissing, match="of generation 2"):
        keys.data_key(people.ada, 2)

    assert not stored(key_settings, stranger).exists()


def test_a_member_without_an_organization_gets_no_key(key_settings: Settings) -> None:
    with pytest.raises(KeyMissing):
        keys.create_member_key(uuid4(), uuid4())


def test_the_installation_has_a_key_once_it_is_made(key_settings: Settings) -> None:
    with pytest.raises(KeyMissing, match="this installation"):
        keys.installation_key()

    keys.create_installation_key()
    before = keys.installation_key().subkey(PURPOSE)
    keys.create_installation_key()
    keys.forget_all()

    assert keys.installation_key().subkey(PURPOSE) == before


def test_another_master_key_unwraps_nothing(people: People, key_settings: Settings, tmp_path: Path) -> None:
    key_settings.CLOCKWISE_KEY_FILE = str(write_key_file(tmp_path / "another"))
    keys.forget_all()

    for owner in (people.organization, people.ada):
        with pytest.raises(KeyRefused):
            keys.data_key(owner)


def test_a_wrapped_key_that_was_copied_to_another_owner_is_refused(people: People, key_settings: Settings) -> None:
    keys.forget_all()
    shutil.copy(stored(key_settings, people.ada), stored(key_settings, people.ben))
    shutil.copy(stored(key_settings, people.organization), stored(key_settings, people.other_organization))

    for owner in (people.ben, people.other_organization, people.mallory):
        with pytest.raises(KeyRefused):
            keys.data_key(owner)


def test_no_key_lies_unwrapped_in_the_keystore(people: People, key_settings: Settings) -> None:
    content = b"".join(p.read_bytes() for p in Path(key_settings.CLOCKWISE_KEYSTORE).rglob("*") if p.is_file())

    for owner in (people.organization, people.ada):
        assert keys.data_key(owner)._material not in content


def test_a_cached_key_expires(people: People, key_settings: Settings, monotonic: Callable[[float], None]) -> None:
    keys.forget_all()
    keys.data_key(people.ada)
    stored(key_settings, people.ada).unlink()

    monotonic(SECONDS - 1)
    keys.data_key(people.ada)
    monotonic(1)

    with pytest.raises(KeyMissing):
        keys.data_key(people.ada)


def test_a_forgotten_key_is_read_again(people: People, key_settings: Settings) -> None:
    for owner in (people.ada, people.ben):
        keys.data_key(owner)
        stored(key_settings, owner).unlink()

    keys.forget(people.ada)

    keys.data_key(people.ben)
    with pytest.raises(KeyMissing):
        keys.data_key(people.ada)


def test_forgetting_an_organization_forgets_its_members(people: People, key_settings: Settings) -> None:
    for owner in (people.ada, people.mallory):
        keys.data_key(owner)
        stored(key_settings, owner).unlink()

    keys.forget(people.organization)

    keys.data_key(people.mallory)
    with pytest.raises(KeyMissing):
        keys.data_key(people.ada)


def test_a_shredded_member_has_no_key_and_others_keep_theirs(people: People) -> None:
    keys.shred_member(people.ada.organization_id, people.ada.member_id or uuid4())

    with pytest.raises(KeyMissing, match="erased"):
        keys.data_key(people.ada)
    for owner in (people.ben, people.organization, people.mallory):
        keys.data_key(owner)


def test_a_shredded_organization_takes_its_members_along(people: People) -> None:
    keys.shred_organization(people.organization.organization_id)

    for owner in (people.organization, people.ada, people.ben):
        with pytest.raises(KeyMissing):
            keys.data_key(owner)
    keys.data_key(people.mallory)


def test_a_forked_child_inherits_no_unwrapped_key(people: People, key_settings: Settings) -> None:
    keys.data_key(people.ada)
    stored(key_settings, people.ada).unlink()

    if (child := os.fork()) == 0:
        try:
            keys.data_key(people.ada)
        except KeyMissing:
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    keys.data_key(people.ada)


def test_kms_and_s3_together_hold_the_same_promises(key_settings: Settings, kms_key_id: str, bucket: str) -> None:
    key_settings.CLOCKWISE_KEY_PROVIDER = "kms"
    key_settings.CLOCKWISE_KMS_KEY_ID = kms_key_id
    key_settings.CLOCKWISE_KEYSTORE = bucket
    owner = KeyOwner(uuid4(), uuid4())
    assert owner.member_id is not None

    keys.create_installation_key()
    keys.create_organization_key(owner.organization_id)
    keys.create_member_key(owner.organization_id, owner.member_id)
    before = subkey(owner)
    keys.forget_all()
    assert subkey(owner) == before
    keys.shred_member(owner.organization_id, owner.member_id)

    with pytest.raises(EncryptionError):
        keys.data_key(owner)
