"""What a rival reached."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Found:
    """`trace`: seconds from the start, and the score of the best plan until then."""

    score: float
    bound: float = math.inf
    trace: list[tuple[float, float]] = field(default_factory=list)
