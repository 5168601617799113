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
    if root.exists() and (root / "place").exists():
        at(root, durable=durable).stop()
    os.close(users)


if __name__ == "__main__":
    main(Path(sys.argv[1]), durable=sys.argv[2] == "durable")
