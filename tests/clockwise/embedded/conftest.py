import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clockwise import embedded
from tests.clockwise.embedded import users


@pytest.fixture(params=["as ourselves", "as an ordinary user"])
def account(request: pytest.FixtureRequest) -> str | None:
    """Whose process a user is: the tests' own, and for root's tests `nobody`'s too."""
    if request.param == "as ourselves":
        return None
    if os.geteuid() != 0:
        pytest.skip("the tests already run as an ordinary user")
    if not all(folder.stat().st_mode & 0o001 for folder in [users.CHECKOUT, *users.CHECKOUT.parents]):
        pytest.skip("an ordinary user can't reach this checkout")
    return "nobody"


@pytest.fixture
def parent() -> Iterator[Path]:
    with public_folder() as folder:
        yield folder


@contextmanager
def public_folder() -> Iterator[Path]:
    """A short folder open to everybody, as a checkout's is; pytest's own is private and long."""
    folder = Path(tempfile.mkdtemp(prefix="cw-test-", dir="/tmp"))
    folder.chmod(0o777)
    try:
        yield folder
    finally:
        users.end_all()
    for lock in list(folder.rglob("setup.lock")):
        embedded.clean(lock.parent)
    shutil.rmtree(folder)


@pytest.fixture
def root(parent: Path) -> Path:
    return parent / ".run"
