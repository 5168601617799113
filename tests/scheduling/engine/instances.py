"""Random instances of any size, for tests and benchmarks: people with hours, lunches and goals, meetings on top."""

import random
from typing import Any

Document = dict[str, Any]
DAY = 24 * 60


def instance(people: int, *, seed: int, days: int = 5, per_person: int = 6, movable: float = 0.5) -> Document:
    """A week of meetings, about `per_person` organized by each; half of them may move within the week."""
    rng = random.Random(seed)
    members = [_person(f"p{n}", days, rng) for n in range(people)]
    events = [_event(f"e{n}", people, days, rng, movable=movable) for n in range(people * per_person)]
    return {
        "format": "clockwise-instance/1",
        "name": f"random-{people}-{seed}",
        "origin": "2027-03-01T00:00:00Z",
        "step": 15,
        "weights": {},
        "people": members,
        "rooms": [{"id": "r0", "capacity": 8, "building": "a"}, {"id": "r1", "capacity": 8, "building": "a"}],
        "events": events,
    }


def _person(key: str, days: int, rng: random.Random) -> Document:
    begin = rng.choice((8, 9, 10)) * 60
    hours = [[day * DAY + begin, day * DAY + begin + 480] for day in range(days)]
    return {
        "id": key,
        "limits": rng.choice((None, {"focus_drop": 60, "moves": None}, {"focus_drop": None, "moves": 3})),
        "working": hours,
        "meeting": hours,
        "days": [
            {
                "week": 0,
                "span": span,
                "noon": day * DAY + 720,
                "lunch": {"window": [day * DAY + 690, day * DAY + 810], "min": 30, "ideal": 60},
            }
            for day, span in enumerate(hours)
        ],
        "focus": {"min": 60, "block": 120, "goal": [600], "side": rng.choice(("any", "morning", "afternoon"))},
    }


def _event(key: str, people: int, days: int, rng: random.Random, *, movable: float) -> Document:
    start = rng.randrange(days) * DAY + rng.randrange(10 * 60, 16 * 60, 15)
    attendees = rng.sample(range(people), min(people, rng.choice((1, 2, 2, 3))))
    room = rng.choice((None, None, None, "r0", "r1"))
    moves = len(attendees) > 1 and rng.random() < movable
    flexibility = {"windows": [[0, days * DAY]], "rooms": ["r0", "r1"] if room else None, "cost": 0}
    return {
        "id": key,
        "start": start,
        "end": start + rng.choice((15, 30, 45, 60)),
        "attendees": [f"p{n}" for n in attendees],
        "room": room,
        "movable": flexibility if moves else None,
    }
