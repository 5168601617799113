"""Advisory file locks. The kernel gives them back when a process ends, however it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Initialising, starting, migrating and stopping happen one at a time. Makes the lock's folder."""
    descriptor = _open_and_wait(path)
    while not is_at(descriptor, path):  # whoever held it has removed the folder
        os.close(descriptor)
        descriptor = _open_and_wait(path)
    try:
        yield
    finally:
        os.close(descriptor)


def share(path: Path) -> int:
    """Count among the users of the servers. Close the descriptor to leave."""
    descriptor = open_lock(path)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def wait_until_unused(path: Path) -> int:
    """Come back when nobody shares the lock any more, holding it alone."""
    descriptor = open_lock(path)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def take_if_unused(path: Path) -> int | None:
    """The lock, held alone, or None while somebody shares it. A keeper at work is waited for."""
    descriptor = open_lock(path)
    if try_alone(descriptor):
        return descriptor
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    if try_alone(descriptor):
        return descriptor
    os.close(descriptor)
    return None


def try_alone(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_at(descriptor: int, path: Path) -> bool:
    """Whether the lock still lies there: not removed, nor replaced, since it was opened."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), there)


def open_lock(path: Path) -> int:
    """A descriptor for `flock`; it isn't inherited by programs unless the caller says so."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _open_and_wait(path: Path) -> int:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor = open_lock(path)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor
