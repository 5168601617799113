"""Where an act comes from: the request, task or command that is being carried out. Set once, at each edge."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Literal

Channel = Literal["web", "api", "scim", "signal", "task", "command", "process"]


@dataclass(frozen=True)
class Origin:
    """`via`: the view's, task's or command's name. `address` and `agent` (a class, never the header) are sealed."""

    channel: Channel
    via: str = ""
    address: str = ""
    agent: str = ""


_origin: ContextVar[Origin] = ContextVar("audit_origin")
_of_process = Origin("process")


def current() -> Origin:
    return _origin.get(_of_process)


def set_of_process(origin: Origin) -> None:
    """What this process is there for (a command), as long as nothing closer is known."""
    global _of_process
    _of_process = origin


def enter(origin: Origin) -> Token[Origin]:
    return _origin.set(origin)


def leave(token: Token[Origin]) -> None:
    _origin.reset(token)


@contextmanager
def acting_from(origin: Origin) -> Iterator[None]:
    token = enter(origin)
    try:
        yield
    finally:
        leave(token)


def agent_class(user_agent: str) -> str:
    """A browser on a phone or elsewhere, or a program. Anything finer would tell people apart."""
    if "Mozilla/" not in user_agent:
        return "program" if user_agent else ""
    return "mobile browser" if "Mobi" in user_agent else "browser"
