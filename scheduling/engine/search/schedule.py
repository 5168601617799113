"""How hot the search is at which point of its time: a long cooling, then shorter ones from the best plan so far."""

from __future__ import annotations

HOT, COLD = 60.0, 2.0  # person-minutes; a typical change for the worse is 30 to 100
CYCLES = ((0.0, 0.5, 1.0), (0.5, 0.7, 0.4), (0.7, 0.85, 0.25), (0.85, 1.0, 0.25))  # from, to, share of HOT
WARM_CYCLES = ((0.0, 0.5, 0.2), (0.5, 1.0, 0.2))


def heat(fraction: float, *, warm: bool) -> tuple[int, float]:
    """(cycle, heat) after that fraction of the time."""
    cycles = WARM_CYCLES if warm else CYCLES
    number = next((n for n, (_, end, _) in enumerate(cycles) if fraction < end), len(cycles) - 1)
    begin, end, share = cycles[number]
    along = min(1.0, (fraction - begin) / (end - begin))
    return number, HOT * share * (COLD / (HOT * share)) ** along
