"""The tree against its definition in RFC 9162, 2.1.1, and its proofs."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from clockwise.audit.merkle import Tree, pair_hash, root_from


def defined_root(leaves: list[bytes]) -> bytes:
    """By the recursive definition: split at the largest power of two below the number."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return pair_hash(defined_root(leaves[:half]), defined_root(leaves[half:]))


def leaf(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()


@given(st.lists(st.integers(), max_size=70))
def test_the_root_is_the_rfcs(numbers: list[int]) -> None:
    leaves = [leaf(number) for number in numbers]
    assert Tree(leaves).root == defined_root(leaves)


@given(st.integers(1, 60), st.data())
def test_replacing_a_leaf_is_building_anew(size: int, data: st.DataObject) -> None:
    leaves = [leaf(number) for number in range(size)]
    tree = Tree(leaves)
    place = data.draw(st.integers(0, size - 1))
    leaves[place] = leaf(-1)
    tree.put(place, leaf(-1))
    assert tree.root == defined_root(leaves)


@given(st.integers(1, 60), st.data())
def test_a_proof_leads_its_leaf_and_no_other_to_the_root(size: int, data: st.DataObject) -> None:
    tree = Tree(leaf(number) for number in range(size))
    place = data.draw(st.integers(0, size - 1))
    path = tree.proof(place)
    assert root_from(leaf(place), place, size, path) == tree.root
    assert root_from(leaf(-1), place, size, path) != tree.root
    assert root_from(leaf(place), place, size, [*path, leaf(0)]) is None
    assert root_from(leaf(place), size, size, path) is None
    if path:
        assert root_from(leaf(place), place, size, path[:-1]) is None
