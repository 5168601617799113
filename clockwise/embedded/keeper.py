"""Stops an embedded installation's servers once nobody uses them, also when their last user was killed.

The kernel gives a dead process's lock back, so that waiting for the lock is all there is to do.
"""

import os
import sys
from pathlib import Path

from clockwise.embedded import locks
from clockwise.embedded.installation import at


def main(root: Path, *, durable: bool) -> None:
    one_keeper = locks.open_lock(root / "keeper.lock")
    if not locks.try_alone(one_keeper):
        return
    users = locks.wait_until_unused(root / "users.lock")
    if _is_still(users, root / "users.lock"):
        at(root, durable=durable).stop()
    os.close(users)


def _is_still(descriptor: int, path: Path) -> bool:
    """Whether the installation is the one that this keeper was started for; it may have been removed and made anew."""
    return path.exists() and os.path.samestat(os.fstat(descriptor), path.stat())


if __name__ == "__main__":
    main(Path(sys.argv[1]), durable=sys.argv[2] == "durable")
