import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from clockwise.encryption import envelope
from clockwise.encryption.envelope import OVERHEAD_BYTES, DataKey, generation_of, seal, unseal
from clockwise.encryption.errors import SealBroken


@pytest.fixture
def key() -> DataKey:
    return DataKey(7, os.urandom(32))


def test_what_was_sealed_is_unsealed(key: DataKey) -> None:
    blob = seal(key, "table.column", b"row", b"content")

    assert unseal(key, "table.column", b"row", blob) == b"content"
    assert len(blob) == len(b"content") + OVERHEAD_BYTES
    assert generation_of(blob) == 7


def test_every_flipped_bit_is_refused(key: DataKey) -> None:
    blob = seal(key, "table.column", b"row", b"x" * 200)

    for bit in range(len(blob) * 8):
        flipped = bytearray(blob)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            unseal(key, "table.column", b"row", bytes(flipped))


def test_every_truncation_is_refused(key: DataKey) -> None:
    blob = seal(key, "table.column", b"row", b"content")

    for length in range(len(blob)):
        with pytest.raises(SealBroken):
            unseal(key, "table.column", b"row", blob[:length])


@pytest.mark.parametrize(("purpose", "binding"), [("table.other", b"row"), ("table.column", b"other")])
def test_another_purpose_or_binding_does_not_open_it(key: DataKey, purpose: str, binding: bytes) -> None:
    blob = seal(key, "table.column", b"row", b"content")

    with pytest.raises(SealBroken):
        unseal(key, purpose, binding, blob)


def test_another_key_or_generation_does_not_open_it() -> None:
    material = os.urandom(32)
    blob = seal(DataKey(1, material), "table.column", b"row", b"content")

    with pytest.raises(SealBroken):
        unseal(DataKey(1, os.urandom(32)), "table.column", b"row", blob)
    relabelled = DataKey(2, material).header + blob[envelope.HEADER_BYTES :]
    with pytest.raises(SealBroken):
        unseal(DataKey(2, material), "table.column", b"row", relabelled)


@pytest.mark.parametrize(
    "blob", [b"", b"\x01\x00\x01", b"\x02" + bytes(40), b"plain text that nobody ever sealed here"]
)
def test_what_is_no_blob_has_no_generation(blob: bytes) -> None:
    with pytest.raises(SealBroken):
        generation_of(blob)


def test_a_broken_seal_tells_no_content(key: DataKey) -> None:
    blob = seal(key, "table.column", b"row", b"canary")

    with pytest.raises(SealBroken) as broken:
        unseal(key, "table.column", b"other", blob)

    assert "canary" not in str(broken.value)
    assert broken.value.__cause__ is None


def test_a_data_key_has_32_bytes() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        DataKey(1, b"short")


def test_a_data_key_shows_no_material() -> None:
    material = b"k" * 32

    assert "kkk" not in repr(DataKey(1, material))


def test_no_nonce_comes_twice_in_any_thread(key: DataKey) -> None:
    def nonces(_: int) -> list[bytes]:
        return [seal(key, "table.column", b"row", b"")[3:15] for _ in range(2000)]

    with ThreadPoolExecutor(4) as pool:
        taken = [nonce for batch in pool.map(nonces, range(4)) for nonce in batch]

    assert len(set(taken)) == 8000


def test_a_forked_child_takes_other_nonces_than_its_parent(key: DataKey) -> None:
    seal(key, "table.column", b"row", b"")  # leaves a batch that the child must not inherit
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writer, b"".join(seal(key, "table.column", b"row", b"")[3:15] for _ in range(300)))
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        received = pipe.read()
    childs = {received[i : i + 12] for i in range(0, len(received), 12)}

    parents = {seal(key, "table.column", b"row", b"")[3:15] for _ in range(300)}

    assert len(childs) == 300
    assert not childs & parents
