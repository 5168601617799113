"""An upper bound on the score of any solution (docs/engine.md, "Bound").

Every movable event is imagined away: each person's week is then worth at least as much as with it, its best lunches
found exactly. What every answer pays is taken off: an event that stays pays for today's place, one that goes its move.
"""

from __future__ import annotations

import numpy as np

from scheduling.engine.arrays import NOWHERE, Arrays
from scheduling.engine.kernels import new_state, put
from scheduling.engine.lunches import best_lunches


def upper_bound(arrays: Arrays) -> float:
    """At least the score of every solution."""
    model = arrays.model
    state = new_state(model, 0)
    for event in range(model.home.size):
        if model.home[event] != NOWHERE:
            put(model, state, event, NOWHERE, model.home_room[event])
    weeks = np.arange(model.week_goal.size, dtype=np.int32)
    chosen = np.full(model.cell_end.size, -1, np.int32)
    best = float(best_lunches(model, state, weeks, chosen))
    placed = model.home != NOWHERE
    paid = np.minimum(model.home_cost, model.move_cost)[placed].sum()
    return best + arrays.constant - float(paid)
