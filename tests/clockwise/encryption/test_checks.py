from pathlib import Path

import pytest
from pytest_django import Settings

from clockwise.encryption import keys
from clockwise.encryption.checks import check_keys


def errors() -> list[str]:
    return [f"{message.id} {message.msg}" for message in check_keys(None, ["default"])]


def test_usable_keys_pass_before_and_after_the_first_is_made(key_settings: Settings) -> None:
    assert errors() == []

    keys.create_installation_key()

    assert errors() == []


@pytest.mark.parametrize(
    ("name", "mode", "remedy"), [("master-keys", 0o640, "chmod 600"), ("keystore", 0o750, "chmod 700")]
)
def test_what_is_open_to_others_stops_the_start(
    key_settings: Settings, tmp_path: Path, name: str, mode: int, remedy: str
) -> None:
    (tmp_path / name).chmod(mode)

    [error] = errors()

    assert error.startswith("encryption.E001")
    assert remedy in error


def test_missing_master_keys_stop_the_start(key_settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "master-keys").unlink()

    [error] = errors()

    assert "does not exist" in error


def test_a_command_that_uses_no_database_asks_for_no_key(key_settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "master-keys").unlink()

    assert check_keys(None, None) == []
