"""`clockwise-solution/1`: what the engine answers (docs/engine.md, "Solution")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from scheduling.engine.reading import InstanceError, interval, items, member, text, whole

FORMAT = "clockwise-solution/1"

Status = Literal["optimal", "feasible"]
Reason = Literal["best", "no_place", "limits", "conflict"]
Lunches = Mapping[str, tuple[tuple[int, int], ...]]


class Change(NamedTuple):
    """Where a moved or placed event is now: its start (minutes) and its room's id."""

    start: int
    room: str | None


class Alternative(NamedTuple):
    """Another place and what it would gain against staying at today's, all else final."""

    start: int
    room: str | None
    gain: float


class MoveReason(NamedTuple):
    """`gain`: what the score loses if this event alone goes back; `by_person`: the attendees' parts of it."""

    gain: float
    by_person: Mapping[str, float]
    next_best: Alternative | None


class StayReason(NamedTuple):
    reason: Reason
    blockers: tuple[str, ...]
    best_other: Alternative | None


@dataclass(frozen=True, slots=True)
class Solution:
    """Moved or placed events only; `before` is None where a meeting had to be placed, `bound` where none is known.

    `moves` and `stays` are None in a plan that is not explained yet.
    """

    instance: str
    events: Mapping[str, Change]
    lunches: Lunches
    score: float
    before: float | None
    bound: float | None
    status: Status
    seed: int
    seconds: float
    moves: Mapping[str, MoveReason] | None = None
    stays: Mapping[str, StayReason] | None = None

    def as_document(self) -> dict[str, object]:
        document: dict[str, object] = {
            "format": FORMAT,
            "instance": self.instance,
            "events": {key: change._asdict() for key, change in self.events.items()},
            "lunches": {key: [list(lunch) for lunch in lunches] for key, lunches in self.lunches.items()},
            "score": self.score,
            "before": self.before,
            "bound": self.bound,
            "status": self.status,
            "seed": self.seed,
            "seconds": self.seconds,
        }
        if self.moves is not None and self.stays is not None:
            document["explanations"] = {
                "moves": {key: _move_document(reason) for key, reason in self.moves.items()},
                "stays": {key: _stay_document(reason) for key, reason in self.stays.items()},
            }
        return document


def parse_events(document: object) -> dict[str, Change]:
    """The places of an earlier solution, for a warm start. Raises InstanceError with the path at fault."""
    if member(document, "format", "$") != FORMAT:
        raise InstanceError("$.format", f"must be {FORMAT}")
    events = member(document, "events", "$")
    if not isinstance(events, dict):
        raise InstanceError("$.events", "must be an object")
    return {key: _change(value, f"$.events.{key}") for key, value in events.items()}


def parse_lunches(document: object) -> dict[str, tuple[tuple[int, int], ...]]:
    lunches = member(document, "lunches", "$", default={})
    if not isinstance(lunches, dict):
        raise InstanceError("$.lunches", "must be an object")
    return {
        key: tuple(interval(lunch, path) for path, lunch in items(value, f"$.lunches.{key}"))
        for key, value in lunches.items()
    }


def _change(value: object, path: str) -> Change:
    room = member(value, "room", path, default=None)
    return Change(
        start=whole(member(value, "start", path), f"{path}.start"),
        room=None if room is None else text(room, f"{path}.room"),
    )


def _move_document(reason: MoveReason) -> dict[str, object]:
    return {
        "gain": reason.gain,
        "by_person": dict(reason.by_person),
        "next_best": reason.next_best and reason.next_best._asdict(),
    }


def _stay_document(reason: StayReason) -> dict[str, object]:
    return {
        "reason": reason.reason,
        "blockers": list(reason.blockers),
        "best_other": reason.best_other and reason.best_other._asdict(),
    }
