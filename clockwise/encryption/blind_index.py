"""Blind indexes: find a row by a sealed value without storing the value. HMAC-SHA256, truncated to 128 bits.

The keys are those of generation 1 for good: rotating a key seals new blobs under a new generation, but generation 1 of
an organization and of the installation stays in the keystore as long as they live, so that no index ever changes.
Values go in normalized, or equal things are not found.
"""

import hmac
from collections.abc import Callable
from uuid import UUID

from clockwise.encryption.envelope import DataKey
from clockwise.encryption.keys import FIRST_GENERATION, KeyOwner, data_key, installation_key

INDEX_BYTES = 16


def organization_index(organization_id: UUID, purpose: str, value: str) -> bytes:
    """16 bytes; equal for equal values of one purpose in one organization, unrelated otherwise."""
    return organization_indexer(organization_id, purpose)(value)


def organization_indexer(organization_id: UUID, purpose: str) -> Callable[[str], bytes]:
    """The same for many values at once. Not to be kept: it holds a key."""
    return _indexer(data_key(KeyOwner(organization_id, None), FIRST_GENERATION), purpose)


def installation_index(purpose: str, value: str) -> bytes:
    """16 bytes, for what is looked up before the organization is known."""
    return _indexer(installation_key(), purpose)(value)


def normalize_address(value: str) -> str:
    """An email address as it is compared: without surrounding space, case folded."""
    return value.strip().casefold()


def _indexer(key: DataKey, purpose: str) -> Callable[[str], bytes]:
    subkey = key.subkey(f"blind index:{purpose}")
    return lambda value: hmac.digest(subkey, value.encode("utf-8", "surrogatepass"), "sha256")[:INDEX_BYTES]
