"""How hot the search is at which point of its time: coolings, each from the best plan so far."""

from __future__ import annotations

from typing import NamedTuple

HOT, COLD = 60.0, 2.0  # person-minutes; a typical change for the worse is 30 to 100


class Cooling(NamedTuple):
    """From `begin` to `end` of the whole time, beginning at that share of HOT."""

    begin: float
    end: float
    share: float


# The first is short: proofs need a plan to begin with.
COLD_START = (
    Cooling(0.0, 0.1, 1.0),
    Cooling(0.1, 0.5, 1.0),
    Cooling(0.5, 0.7, 0.4),
    Cooling(0.7, 0.85, 0.25),
    Cooling(0.85, 1.0, 0.25),
)
WARM_START = (Cooling(0.0, 0.1, 0.2), Cooling(0.1, 0.5, 0.2), Cooling(0.5, 1.0, 0.2))


def heat(fraction: float, share: float) -> float:
    """After that fraction of a cooling."""
    return float(HOT * share * (COLD / (HOT * share)) ** fraction)
