"""Hands a member's calendar grant from sign-in to the app that keeps it."""

from collections.abc import Callable

from clockwise.google.oauth import Grant
from clockwise.organizations.models import Member

Taker = Callable[[Member, Grant], bool]
_takers: list[Taker] = []


def taker(function: Taker) -> Taker:
    """Register who keeps grants. It answers whether it now holds what it needs (a refresh token)."""
    _takers.append(function)
    return function


def take(member: Member, grant: Grant) -> bool:
    return all(taker(member, grant) for taker in _takers)
