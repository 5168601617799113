"""Stops an embedded installation's servers once nobody uses them, also when their last user was killed.

The kernel gives a dead process's lock back, so that waiting for the lock is all there is to do.
"""

import contextlib
import os
import sys
from pathlib import Path

from clockwise.embedded import locks
from clockwise.embedded.installation import find


def keep(root: Path, keeper_lock: int, *, durable: bool) -> None:
    """`keeper_lock` was locked by the process that started this one: an installation has one keeper."""
    path = root / "users.lock"
    users = locks.wait_until_unused(path)
    if locks.is_at(users, path) and (installation := find(root, durable=durable)):
        installation.stop()
    # In this order: whoever waits to use the servers again finds no keeper and starts one.
    os.close(keeper_lock)
    os.close(users)


if __name__ == "__main__":
    with contextlib.suppress(FileNotFoundError):  # the installation has been removed
        keep(Path(sys.argv[1]), int(sys.argv[2]), durable=sys.argv[3] == "durable")
