"""Apps register who may become a member by signing in; who is a member already isn't asked about."""

from collections.abc import Callable

Rule = Callable[[], bool]
_rules: list[Rule] = []


def rule(function: Rule) -> Rule:
    """Register a rule that says, for the current organization, whether it admits people nobody has listed."""
    _rules.append(function)
    return function


def admits_unlisted() -> bool:
    return all(admits() for admits in _rules)
