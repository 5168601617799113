"""One authenticated blob: `version(1) | key generation(2) | nonce(12) | ciphertext | tag(16)`, AES-256-GCM.

Header and binding are authenticated, not stored: who opens a blob says again what it belongs to.
"""

import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from clockwise.encryption.errors import SealBroken

KEY_BYTES = 32
VERSION = b"\x01"
HEADER_BYTES = 3
NONCE_BYTES = 12
TAG_BYTES = 16
OVERHEAD_BYTES = HEADER_BYTES + NONCE_BYTES + TAG_BYTES
_NONCES_AT_ONCE = 256


class DataKey:
    """An unwrapped key of one generation. It encrypts nothing itself: each purpose has a subkey (HKDF-SHA256)."""

    __slots__ = ("_ciphers", "_material", "_subkeys", "generation", "header")

    def __init__(self, generation: int, material: bytes) -> None:
        if len(material) != KEY_BYTES:
            raise ValueError("A data key has 32 bytes.")
        self.generation = generation
        self.header = VERSION + generation.to_bytes(2, "big")
        self._material = material
        self._subkeys: dict[str, bytes] = {}
        self._ciphers: dict[str, AESGCM] = {}

    def subkey(self, purpose: str) -> bytes:
        """32 bytes for one purpose, such as `calendars_event.details`."""
        if purpose not in self._subkeys:
            hkdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode())
            self._subkeys[purpose] = hkdf.derive(self._material)
        return self._subkeys[purpose]

    def cipher(self, purpose: str) -> AESGCM:
        cipher = self._ciphers.get(purpose)
        if cipher is None:
            cipher = self._ciphers[purpose] = AESGCM(self.subkey(purpose))
        return cipher


def seal(key: DataKey, purpose: str, binding: bytes, content: bytes) -> bytes:
    """Encrypt `content` under the purpose's subkey, so that only the same purpose and binding open it."""
    nonce = _next_nonce()
    return key.header + nonce + key.cipher(purpose).encrypt(nonce, content, key.header + binding)


def unseal(key: DataKey, purpose: str, binding: bytes, blob: bytes) -> bytes:
    """The content that was sealed. Raises SealBroken for anything else; there is no second way to read it."""
    header = blob[:HEADER_BYTES]
    nonce = blob[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES]
    try:
        return key.cipher(purpose).decrypt(nonce, blob[HEADER_BYTES + NONCE_BYTES :], header + binding)
    except (InvalidTag, ValueError):
        raise SealBroken("A sealed blob is not what was sealed here.") from None


def generation_of(blob: bytes) -> int:
    """The generation of the key that sealed it. Raises SealBroken when it is no blob of ours."""
    if len(blob) < OVERHEAD_BYTES or blob[:1] != VERSION:
        raise SealBroken("A sealed blob is truncated or of an unknown version.")
    return int.from_bytes(blob[1:HEADER_BYTES], "big")


_nonces: list[bytes] = []


def _next_nonce(random: Callable[[int], bytes] = os.urandom) -> bytes:
    # pop() is atomic, so that two threads never take the same nonce.
    try:
        return _nonces.pop()
    except IndexError:
        fresh = random(NONCE_BYTES * _NONCES_AT_ONCE)
        _nonces.extend(fresh[i : i + NONCE_BYTES] for i in range(NONCE_BYTES, len(fresh), NONCE_BYTES))
        return fresh[:NONCE_BYTES]


# Parent and child would otherwise use the same nonces under the same key.
os.register_at_fork(after_in_child=_nonces.clear)
