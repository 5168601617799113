"""Where the servers live."""

import os
import shutil
from pathlib import Path

import dj_database_url
import pytest

from tests.clockwise.embedded.test_sharing import answers
from tests.clockwise.embedded.users import join, wait_until_stopped


def test_a_path_too_long_for_a_socket_gets_a_private_folder_that_clean_removes(parent: Path) -> None:
    root = parent / ("long" * 25) / ".run"
    user = join(root)
    folder = Path(dj_database_url.parse(user.environment["DATABASE_URL"])["HOST"])

    assert answers(user.environment)
    assert root not in folder.parents
    assert folder.stat().st_mode & 0o777 == 0o700
    user.leave()
    wait_until_stopped(root)
    clean(root)
    assert not folder.exists()
    assert not root.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as somebody else")
def test_roots_private_checkout_is_left_private(parent: Path) -> None:
    private = parent / "private"
    private.mkdir(mode=0o700)

    user = join(private / ".run")

    assert answers(user.environment)
    assert private.stat().st_mode & 0o777 == 0o700
    user.leave()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as somebody else")
def test_root_who_joins_an_ordinary_users_installation_leaves_its_files_to_that_user(root: Path) -> None:
    join(root).leave()
    os.chown(root / "servers", 1234, 1234)
    for file in (root / "servers").rglob("*"):
        os.chown(file, 1234, 1234, follow_symlinks=False)

    user = join(root)

    assert answers(user.environment)
    assert (root / "servers" / "postgres" / "postmaster.pid").stat().st_uid == 1234
    user.leave()


def test_a_copied_checkout_has_servers_of_its_own(parent: Path) -> None:
    original = parent / ("long" * 25)
    join(original).leave()
    wait_until_stopped(original)
    copy = parent / ("copy" * 25)
    shutil.copytree(original, copy)

    one, two = join(original), join(copy)

    assert one.environment["DATABASE_URL"] != two.environment["DATABASE_URL"]
    one.leave()
    assert answers(two.environment)
    two.leave()


def clean(root: Path) -> None:
    from clockwise import embedded

    embedded.clean(root)
