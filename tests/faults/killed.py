"""A process that is killed at its n-th step, as a machine that loses power is: no handler runs, nothing is closed."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from clockwise.google import transport

# What Django calls to commit; its stubs leave it out.
COMMIT: Callable[..., Any] = getattr(BaseDatabaseWrapper, "_commit")  # noqa: B009


class Steps:
    """Counts what can be seen from outside: statements, commits and requests, each before and after it is done."""

    def __init__(self, last: int) -> None:
        self._left = last

    def take(self) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    def around(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*args: Any, **kwargs: Any) -> Any:
            self.take()
            answer = original(*args, **kwargs)
            self.take()
            return answer

        return stepped


def run_and_kill(work: Callable[[], object], *, after_steps: int) -> bool:
    """Do the work in a child that is killed after so many steps. False if it came to its end before that."""
    connections.close_all()  # a child that shares a connection would garble the parent's
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with _counted(Steps(after_steps)):
                work()
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return False


@contextmanager
def _counted(steps: Steps) -> Iterator[None]:
    def statement(execute: Callable[..., Any], *args: Any) -> Any:
        return steps.around(execute)(*args)

    with ExitStack() as stack:
        stack.enter_context(connection.execute_wrapper(statement))
        stack.enter_context(patch.object(BaseDatabaseWrapper, "_commit", steps.around(COMMIT)))
        stack.enter_context(patch.object(transport, "send", steps.around(transport.send)))
        yield
