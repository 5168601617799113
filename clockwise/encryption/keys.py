"""Data keys: one for each organization and each member, one for the installation; made, found, forgotten, shredded.

The master key wraps the organizations' keys and the installation's, an organization's key wraps its members'.
Each is bound to its name in the keystore. Functions raise KeyUnavailable, KeyMissing and KeyRefused.
"""

import os
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from clockwise.encryption import envelope, keystore
from clockwise.encryption.envelope import DataKey
from clockwise.encryption.errors import EncryptionError, KeyMissing, KeyRefused, SealBroken
from clockwise.encryption.keystore import Keystore
from clockwise.encryption.providers import MasterKey
from clockwise.encryption.providers.key_file import KeyFile
from clockwise.encryption.providers.kms import KmsKey
from clockwise.encryption.unwrapped import UnwrappedKeys
from clockwise.tenancy import current

FIRST_GENERATION = 1
_WRAPPING = "wrapped keys"
_TOMBSTONES = "shredded/"
_TOMBSTONE = b"shredded"
_TOMBSTONE_SUFFIX = ".tombstone"
_LONGEST_TRANSACTION_SECONDS = 60.0
_REWRAPPED_AT_ONCE = 16


class KeyOwner(NamedTuple):
    """Whose key a row is sealed under: a member's, or (without one) the organization's."""

    organization_id: UUID
    member_id: UUID | None


# Stands in for the owner of the one key that belongs to no organization.
_INSTALLATION = KeyOwner(UUID(int=0), None)

# By owner and generation, as numbers: a UUID is hashed and compared by calls of its own, and each row asks.
_Name = tuple[int, int | None, int | None]
_unwrapped: UnwrappedKeys[_Name] = UnwrappedKeys()


def create_installation_key() -> None:
    """Make the installation's key unless there is one."""
    _create(_INSTALLATION, FIRST_GENERATION)


def create_organization_key(organization_id: UUID) -> None:
    """Make the organization's key unless there is one. Comes before the first row that needs it."""
    _create(KeyOwner(organization_id, None), FIRST_GENERATION)


def create_member_key(organization_id: UUID, member_id: UUID) -> None:
    """Make the member's key unless there is one. Raises KeyMissing without the organization's key."""
    _create(KeyOwner(organization_id, member_id), FIRST_GENERATION)


def data_key(owner: KeyOwner, generation: int | None = None) -> DataKey:
    """The owner's key of that generation, or the newest. Never makes one: a missing key raises KeyMissing."""
    return _unwrapped.get(_entry(owner, generation)) or _fetched(owner, generation)


@current.before_transactions
def fetch(organization_id: UUID) -> None:
    """Have the keys that the master key wraps in memory for as long as a transaction may take: KMS is far away.

    An organization that is being made, or was shredded, has none; whoever needs it is told so.
    """
    for owner, generation in ((KeyOwner(organization_id, None), None), (_INSTALLATION, FIRST_GENERATION)):
        if _unwrapped.get(_entry(owner, generation), lasting=_LONGEST_TRANSACTION_SECONDS) is None:
            with suppress(EncryptionError):
                _fetched(owner, generation)


def installation_key() -> DataKey:
    """The key for what must be found before an organization is known."""
    return data_key(_INSTALLATION, FIRST_GENERATION)


def ensure_usable() -> None:
    """Raises what is wrong with the master key or the keystore. An installation without any key yet is fine."""
    context = _context("trial")
    material = _new_material()
    if _master_key().unwrap(_master_key().wrap(material, context), context) != material:
        raise KeyRefused("The master key does not give back what it wrapped.")
    with suppress(KeyMissing):
        _keystore().newest_generation(_base_name(_INSTALLATION))


def forget(owner: KeyOwner) -> None:
    """Drop the owner's keys from this process's memory, an organization's with all its members'.

    Other processes drop theirs when they expire (`unwrapped.SECONDS`).
    """
    organization, member, _ = _entry(owner, None)
    _unwrapped.forget(lambda entry: entry[0] == organization and (member is None or entry[1] == member))


def forget_all() -> None:
    """Drop every key and every connection to where keys come from."""
    _unwrapped.forget(lambda entry: True)
    _forget_connections()


def rotate(owner: KeyOwner) -> int:
    """Make the owner's next generation, which seals from now on, and return its number.

    What is sealed stays readable, since earlier generations are kept; `resealing` seals it anew. Other processes
    follow when they ask again (`unwrapped.SECONDS`). The installation's key never changes: blind indexes need it.
    """
    generation = _keystore().newest_generation(_base_name(owner)) + 1
    _create(owner, generation)
    forget(owner)
    return generation


def rewrap_under_master() -> int:
    """Wrap every key that the master key wraps by the newest master key; no row is touched. Returns their number."""
    return _rewrap(_is_under_master, lambda name, wrapped: _master_key().rewrap(wrapped, _context(name)))


def rewrap_members(organization_id: UUID) -> int:
    """Wrap the keys of the organization's members by its newest key, after a rotation. Returns their number."""
    wrapping = data_key(KeyOwner(organization_id, None))
    return _rewrap(
        lambda name: name.startswith(f"{organization_id}/members/"),
        lambda name, wrapped: _rewrapped(organization_id, wrapping, name, wrapped),
    )


def shred_member(organization_id: UUID, member_id: UUID) -> None:
    """Delete the member's keys for good: nobody can open their rows again, nor those of any dump."""
    _shred(KeyOwner(organization_id, member_id))


def shred_organization(organization_id: UUID) -> None:
    """Delete the organization's keys and its members' for good."""
    _shred(KeyOwner(organization_id, None))


def is_shredded(owner: KeyOwner) -> bool:
    """Whether the owner, or the organization around them, was shredded. A tombstone outlives the keys."""
    return any(_tombstone_stands(each) for each in {owner, KeyOwner(owner.organization_id, None)})


def backup(destination: str) -> int:
    """Copy every wrapped key and tombstone to a folder or `s3://bucket/prefix`. Returns how many it holds.

    The copy is as secret as the keystore and opens nothing without the master key.
    """
    return _copy(_keystore(), keystore.at(destination))


def restore(source: str) -> int:
    """Bring back what the keystore lacks, from a backup; what was shredded, in either of them, stays shredded.

    Returns how many keys came back.
    """
    old, here = keystore.at(source), _keystore()
    before = set(here.names())
    _copy(old, here)
    for name in [name for name in here.names() if name.startswith(_TOMBSTONES)]:
        here.delete_prefix(_keys_of(name.removeprefix(_TOMBSTONES).removesuffix(_TOMBSTONE_SUFFIX)))
    forget_all()
    return len({name for name in _keystore().names() if not name.startswith(_TOMBSTONES)} - before)


def _shred(owner: KeyOwner) -> None:
    # The tombstone first: a crash in between leaves a key that the next attempt, or a restore, deletes.
    _keystore().create(f"{_TOMBSTONES}{_path(owner)}{_TOMBSTONE_SUFFIX}", _TOMBSTONE)
    _keystore().delete_prefix(_keys_of(_path(owner)))
    forget(owner)


def _tombstone_stands(owner: KeyOwner) -> bool:
    try:
        _keystore().get(f"{_TOMBSTONES}{_path(owner)}{_TOMBSTONE_SUFFIX}")
    except KeyMissing:
        return False
    return True


def _path(owner: KeyOwner) -> str:
    return f"{owner.organization_id}/members/{owner.member_id}" if owner.member_id else str(owner.organization_id)


def _keys_of(path: str) -> str:
    """How the names begin of all keys that go with the owner's."""
    return f"{path}." if "/members/" in path else f"{path}/"


def _copy(source: Keystore, destination: Keystore) -> int:
    names = list(source.names())
    for name in names:
        destination.create(name, source.get(name))
    return len(names)


def _create(owner: KeyOwner, generation: int) -> None:
    if is_shredded(owner):
        raise KeyMissing("A key that was shredded is never made again.")
    name, material = _name(owner, generation), _new_material()
    if owner.member_id is None:
        wrapped = _master_key().wrap(material, _context(name))
    else:
        wrapped = _sealed_material(data_key(KeyOwner(owner.organization_id, None)), name, material)
    is_ours = _keystore().create(name, wrapped) == wrapped
    if is_ours and owner.member_id is not None and generation == FIRST_GENERATION:
        # The member's first row is about to be sealed under it.
        for which in (FIRST_GENERATION, None):
            _unwrapped.put(_entry(owner, which), DataKey(FIRST_GENERATION, material))


def _rewrap(wanted: Callable[[str], bool], change: Callable[[str, bytes], bytes]) -> int:
    names = [name for name in _keystore().names() if wanted(name)]
    # A disk and a key service are waited for, not computed with.
    with ThreadPoolExecutor(_REWRAPPED_AT_ONCE) as pool:
        for done in [pool.submit(_keystore().rewrap, name, partial(change, name)) for name in names]:
            done.result()
    return len(names)


def _rewrapped(organization_id: UUID, wrapping: DataKey, name: str, wrapped: bytes) -> bytes:
    before = data_key(KeyOwner(organization_id, None), envelope.generation_of(wrapped))
    if before.generation == wrapping.generation:
        return wrapped
    return _sealed_material(wrapping, name, envelope.unseal(before, _WRAPPING, name.encode(), wrapped))


def _sealed_material(wrapping: DataKey, name: str, material: bytes) -> bytes:
    return envelope.seal(wrapping, _WRAPPING, name.encode(), material)


def _is_under_master(name: str) -> bool:
    return not name.startswith(_TOMBSTONES) and "/members/" not in name


def _fetched(owner: KeyOwner, generation: int | None) -> DataKey:
    key = _unwrap(owner, generation)
    _unwrapped.put(_entry(owner, generation), key)
    # What the newest sealed names its generation when it is opened.
    _unwrapped.put(_entry(owner, key.generation), key)
    return key


def _unwrap(owner: KeyOwner, generation: int | None) -> DataKey:
    try:
        generation = generation or _keystore().newest_generation(_base_name(owner))
        wrapped = _keystore().get(_name(owner, generation))
    except KeyMissing:
        raise KeyMissing(_missing(owner, generation)) from None
    return DataKey(generation, _unwrapped_material(owner, _name(owner, generation), wrapped))


def _unwrapped_material(owner: KeyOwner, name: str, wrapped: bytes) -> bytes:
    if owner.member_id is None:
        return _master_key().unwrap(wrapped, _context(name))
    try:
        wrapping = data_key(KeyOwner(owner.organization_id, None), envelope.generation_of(wrapped))
        return envelope.unseal(wrapping, _WRAPPING, name.encode(), wrapped)
    except SealBroken:
        raise KeyRefused(f"The key {name} was not wrapped for this member by their organization's key.") from None


def _missing(owner: KeyOwner, generation: int | None) -> str:
    which = "key" if generation is None else f"key of generation {generation}"
    if owner == _INSTALLATION:
        return f"The keystore has no {which} of this installation: is CLOCKWISE_KEYSTORE the one it was set up with?"
    whose = f"organization {owner.organization_id}"
    if owner.member_id is not None:
        whose = f"member {owner.member_id} of {whose}"
    return (
        f"The keystore has no {which} of {whose}. If they were not erased, CLOCKWISE_KEYSTORE is not the one that "
        "belongs to this database, or its backup must be restored."
    )


def _entry(owner: KeyOwner, generation: int | None) -> _Name:
    organization_id, member_id = owner
    return organization_id.int, member_id.int if member_id else None, generation


def _base_name(owner: KeyOwner) -> str:
    if owner == _INSTALLATION:
        return "installation"
    if owner.member_id is None:
        return f"{owner.organization_id}/organization"
    return f"{owner.organization_id}/members/{owner.member_id}"


def _name(owner: KeyOwner, generation: int) -> str:
    return f"{_base_name(owner)}.{generation}"


def _context(name: str) -> dict[str, str]:
    return {"clockwise-key": name}


def _new_material() -> bytes:
    return secrets.token_bytes(envelope.KEY_BYTES)


def _keystore() -> Keystore:
    return _keystore_at(settings.CLOCKWISE_KEYSTORE)


def _master_key() -> MasterKey:
    if settings.CLOCKWISE_KEY_PROVIDER == "kms":
        return _kms_key(settings.CLOCKWISE_KMS_KEY_ID)
    return KeyFile(Path(settings.CLOCKWISE_KEY_FILE))


@cache
def _keystore_at(location: str) -> Keystore:
    return keystore.at(location)


@cache
def _kms_key(key_id: str) -> KmsKey:
    return KmsKey(key_id)


def _forget_connections() -> None:
    _keystore_at.cache_clear()
    _kms_key.cache_clear()


# A child must not speak over its parent's sockets.
os.register_at_fork(after_in_child=_forget_connections)
