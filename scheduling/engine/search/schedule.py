"""What the search does at which point of its time: coolings, each from the best plan so far, and neighbourhoods."""

from __future__ import annotations

from typing import NamedTuple

HOT, COLD = 60.0, 2.0  # person-minutes; a typical change for the worse is 30 to 100


class Cooling(NamedTuple):
    """From `begin` to `end` of the whole time, beginning at that share of HOT.

    cooled: the share of this time after which large neighbourhoods take over, which only ever gain.
    """

    begin: float
    end: float
    share: float
    cooled: float = 0.8

    @property
    def turn(self) -> float:
        return self.begin + self.cooled * (self.end - self.begin)


# The first has no annealing: proofs need a plan to begin with, and large neighbourhoods find one soonest.
COLD_START = (
    Cooling(0.0, 0.1, 1.0, cooled=0.0),
    Cooling(0.1, 0.55, 1.0),
    Cooling(0.55, 0.8, 0.4),
    Cooling(0.8, 1.0, 0.25),
)
# More meetings than several coolings can settle: one long one finds more, measured on 300 to 10,000 people.
LARGE_START = (
    Cooling(0.0, 0.05, 1.0, cooled=0.0),
    Cooling(0.05, 0.75, 1.0, cooled=1.0),
    Cooling(0.75, 1.0, 1.0, cooled=0.0),
)
LARGE = 1_000  # events of one part
# Hardly warm, since what the annealing gives up of an earlier plan costs time to find again.
WARM_START = (Cooling(0.0, 0.3, 0.05, cooled=0.0), Cooling(0.3, 1.0, 0.05, cooled=0.5))


def coolings(*, is_warm: bool, largest_part: int) -> tuple[Cooling, ...]:
    if is_warm:
        return WARM_START
    return LARGE_START if largest_part > LARGE else COLD_START


def heat(fraction: float, share: float) -> float:
    """After that fraction of a cooling."""
    return float(HOT * share * (COLD / (HOT * share)) ** fraction)
