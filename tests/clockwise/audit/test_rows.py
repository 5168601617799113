"""Rows of COPY's binary format are read however they are cut on their way."""

import struct

import pytest

from clockwise.audit.verify import _Rows

ROWS = [(1, b"content", b"", b"c" * 32), (2, b"", b"body" * 100, b"d" * 32), (3, b"x", b"y", b"z")]


def copied() -> bytes:
    """As PostgreSQL writes it: header, rows, trailer."""
    content = b"PGCOPY\n\xff\r\n\0" + bytes(8)
    for position, *values in ROWS:
        content += struct.pack(">hiq", 4, 8, position)
        content += b"".join(struct.pack(">i", len(value)) + value for value in values)
    return content + struct.pack(">h", -1)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 18, 19, 20, 64, 10_000])
def test_rows_are_the_same_whatever_the_size_of_a_chunk(size: int) -> None:
    seen: list[tuple[int, bytes, bytes, bytes]] = []
    rows = _Rows(lambda *row: seen.append(row))
    content = copied()

    for begin in range(0, len(content), size):
        rows.write(content[begin : begin + size])

    assert seen == ROWS
