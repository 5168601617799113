"""Checked reading of JSON values: each refusal names the place at fault, `$.events[3].start: ...`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

HORIZON = 5_270_400  # minutes: ten years on either side of the origin, so that sums fit the arrays
LARGEST = 1e9


class InstanceError(ValueError):
    """The document is no valid instance or solution; the message begins with the JSON path at fault."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path


def member(document: object, key: str, path: str, *, default: object = ...) -> object:
    if not isinstance(document, dict):
        raise InstanceError(path, "must be an object")
    if key in document:
        return document[key]
    if default is ...:
        raise InstanceError(f"{path}.{key}", "is missing")
    return default


def text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise InstanceError(path, "must be a string")
    return value


def whole(value: object, path: str, *, low: int = -HORIZON, high: int = HORIZON) -> int:
    if type(value) is not int:  # a bool is an int too
        raise InstanceError(path, "must be a whole number")
    if not low <= value <= high:
        raise InstanceError(path, f"must be from {low} to {high}")
    return value


def amount(value: object, path: str) -> float:
    """A finite number of at least zero."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InstanceError(path, "must be a number")
    if not 0 <= value <= LARGEST:  # nor is NaN
        raise InstanceError(path, f"must be a finite number from 0 to {LARGEST:.0f}")
    return float(value)


def items(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Each element of a list with its own path."""
    if not isinstance(value, list):
        raise InstanceError(path, "must be a list")
    for number, element in enumerate(value):
        yield f"{path}[{number}]", element


def interval(value: object, path: str) -> tuple[int, int]:
    """[a, b) with a < b."""
    if not isinstance(value, list) or len(value) != 2:
        raise InstanceError(path, "must be an interval [start, end]")
    start, end = whole(value[0], f"{path}[0]"), whole(value[1], f"{path}[1]")
    if end <= start:
        raise InstanceError(path, "must end after its start")
    return start, end


def intervals(value: object, path: str) -> tuple[tuple[int, int], ...]:
    """Sorted, disjoint intervals; they may touch."""
    found: list[tuple[int, int]] = []
    for place, element in items(value, path):
        here = interval(element, place)
        if found and here[0] < found[-1][1]:
            raise InstanceError(place, "must begin where the interval before it has ended")
        found.append(here)
    return tuple(found)


def one_of(value: object, choices: Sequence[str], path: str) -> str:
    if value not in choices or not isinstance(value, str):
        raise InstanceError(path, f"must be one of {', '.join(choices)}")
    return value
