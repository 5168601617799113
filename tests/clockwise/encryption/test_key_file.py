import base64
from pathlib import Path

import pytest

from clockwise.encryption.errors import KeyMissing, KeyRefused
from clockwise.encryption.providers.key_file import KeyFile
from tests.clockwise.encryption.conftest import key_line, write_key_file

CONTEXT = {"clockwise-key": "installation.1"}
KEY = bytes(range(32))


def test_a_key_is_unwrapped_as_it_was_wrapped(tmp_path: Path) -> None:
    master = KeyFile(write_key_file(tmp_path / "keys"))

    wrapped = master.wrap(KEY, CONTEXT)

    assert KEY not in wrapped
    assert master.unwrap(wrapped, CONTEXT) == KEY


def test_the_newest_generation_wraps_and_older_ones_still_unwrap(tmp_path: Path) -> None:
    old = key_line(1)
    path = write_key_file(tmp_path / "keys", old)
    master = KeyFile(path)
    wrapped_before = master.wrap(KEY, CONTEXT)

    write_key_file(path, key_line(2), old)

    assert master.unwrap(wrapped_before, CONTEXT) == KEY
    assert int.from_bytes(master.wrap(KEY, CONTEXT)[1:3], "big") == 2


def test_a_wrapped_key_under_another_name_is_refused(tmp_path: Path) -> None:
    master = KeyFile(write_key_file(tmp_path / "keys"))
    wrapped = master.wrap(KEY, CONTEXT)

    with pytest.raises(KeyRefused):
        master.unwrap(wrapped, {"clockwise-key": "another.1"})


def test_another_master_key_is_refused(tmp_path: Path) -> None:
    wrapped = KeyFile(write_key_file(tmp_path / "keys")).wrap(KEY, CONTEXT)

    with pytest.raises(KeyRefused):
        KeyFile(write_key_file(tmp_path / "others")).unwrap(wrapped, CONTEXT)


def test_a_dropped_generation_is_named(tmp_path: Path) -> None:
    path = write_key_file(tmp_path / "keys", key_line(1))
    wrapped = KeyFile(path).wrap(KEY, CONTEXT)
    write_key_file(path, key_line(2))

    with pytest.raises(KeyMissing, match="no generation 1"):
        KeyFile(path).unwrap(wrapped, CONTEXT)


def test_a_missing_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing, match=r"none does not exist: .*openssl rand"):
        KeyFile(tmp_path / "none").wrap(KEY, CONTEXT)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = write_key_file(tmp_path / "keys")
    path.chmod(mode)

    with pytest.raises(KeyRefused, match="chmod 600"):
        KeyFile(path).wrap(KEY, CONTEXT)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="can't be read"):
        KeyFile(tmp_path).wrap(KEY, CONTEXT)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (f"1:{base64.b64encode(bytes(31)).decode()}", "has 31 bytes"),
        (f"1:{base64.b64encode(bytes(33)).decode()}", "has 33 bytes"),
        ("1:", "has 0 bytes"),
        ("1:c2VjcmV0!", "not base64"),
        (base64.b64encode(bytes(32)).decode(), "start with a generation"),
        (f"0:{base64.b64encode(bytes(32)).decode()}", "start with a generation"),
        (f"65536:{base64.b64encode(bytes(32)).decode()}", "start with a generation"),
        ("", "is empty"),
        ("1:schlüssel", "can't be read"),
    ],
)
def test_a_malformed_file_is_refused_without_showing_it(tmp_path: Path, line: str, problem: str) -> None:
    path = write_key_file(tmp_path / "keys", line)

    with pytest.raises(KeyRefused, match=problem) as refused:
        KeyFile(path).wrap(KEY, CONTEXT)

    secret = line.partition(":")[2] or line
    assert not secret or secret not in str(refused.value)


def test_a_repeated_generation_is_refused(tmp_path: Path) -> None:
    path = write_key_file(tmp_path / "keys", key_line(1), key_line(1))

    with pytest.raises(KeyRefused, match="Line 2 of the key file repeats generation 1"):
        KeyFile(path).wrap(KEY, CONTEXT)
