"""Small random instances of every kind, which trying everything can solve: two zones, rooms, limits, lunches, weeks."""

from __future__ import annotations

import random
from typing import Any

from tests.scheduling.engine.judge import Document, legal_spots

DAY = 24 * 60
MOST_PLACES = 20
MOST_OF_ONE = 3  # movable events that one person attends


def small(seed: int, *, most_movable: int = 6, most_places: int = MOST_PLACES, new: bool = False) -> Document:
    """At most so many movable meetings with so many places each; `new`: some have no place yet."""
    rng = random.Random(seed)
    days = rng.randint(1, 3)
    zones = rng.sample((0, 60, 180, 540), 2)
    people = [_person(f"p{n}", days, rng.choice(zones), rng) for n in range(rng.randint(3, 6))]
    rooms = [{"id": f"r{n}", "capacity": 8, "building": "b"} for n in range(rng.randint(0, 2))]
    document: Document = {
        "format": "clockwise-instance/1",
        "name": f"small-{seed}",
        "origin": "2027-03-01T00:00:00Z",
        "step": rng.choice((15, 15, 30)),
        "weights": rng.choice(({}, {}, {"beyond_goal": 0.0}, {"beyond_goal": 1.0}, {"move": 2.0, "conflict": 90.0})),
        "people": people,
        "rooms": rooms,
        "events": [],
    }
    for _ in range(rng.randint(0, 2 * days * len(people))):
        _add(document, rng, attendees=rng.sample(people, rng.choice((1, 1, 2))))
    load = dict.fromkeys((person["id"] for person in people), 0)
    for _ in range(rng.choice((*range(1, most_movable), most_movable, most_movable))):
        ready = [person for person in people if load[person["id"]] < MOST_OF_ONE]
        if len(ready) < 2:
            break
        chosen = rng.sample(ready, min(len(ready), rng.choice((2, 2, 2, 3))))
        for person in chosen:
            load[person["id"]] += 1
        event = _add(document, rng, attendees=chosen)
        rooms_allowed = [room["id"] for room in rooms] if rooms and rng.random() < 0.5 else None
        day = event["start"] // DAY * DAY
        low = event["start"] - 15 * rng.randint(0, 20)
        windows = [[low, low + 15 * rng.randint(8, 40)]]
        if rng.random() < 0.3:
            windows.append([max(windows[0][1], day + DAY + 600), max(windows[0][1], day + DAY + 600) + 120])
        event["movable"] = {"windows": windows, "rooms": rooms_allowed, "cost": rng.choice((0, 0, 7.5))}
        if new and rng.random() < 0.5:
            event["duration"] = event["end"] - event["start"]
            event["start"] = event["end"] = None
            event["room"] = None if rooms_allowed is None else event["room"]
        _shrink(document, event, most_places)
    return document


def _shrink(document: Document, event: Document, most_places: int) -> None:
    while len(list(legal_spots(document, event))) >= most_places:
        last = event["movable"]["windows"][-1]
        last[1] -= 15
        if last[1] <= last[0]:
            event["movable"]["windows"].pop()


def _add(document: Document, rng: random.Random, *, attendees: list[Document]) -> dict[str, Any]:
    hours = rng.choice(attendees[0]["working"])
    minutes = rng.choice((15, 30, 30, 45, 60, 60, 25, 50))
    start = rng.randrange(hours[0], hours[1] - minutes, rng.choice((15, 15, 15, 5)))
    event: Document = {
        "id": f"e{len(document['events'])}",
        "start": start,
        "end": start + minutes,
        "attendees": [person["id"] for person in attendees],
        "room": rng.choice([None, *(room["id"] for room in document["rooms"])]),
        "movable": None,
    }
    document["events"].append(event)
    return event


def _person(key: str, days: int, zone: int, rng: random.Random) -> Document:
    guard, budget = rng.choice((0, 30, 60)), rng.choice((0, 1, 2))
    limits = rng.choice(
        (
            None,
            None,
            {"focus_drop": guard, "moves": None},
            {"focus_drop": None, "moves": budget},
            {"focus_drop": 90, "moves": 1},
        )
    )
    spans = [[day * DAY + 540 + zone, day * DAY + 540 + zone + rng.choice((360, 480))] for day in range(days)]
    working = [list(span) for span in spans]
    if rng.random() < 0.3:  # a break at noon
        working = [part for a, b in spans for part in ([a, a + 195], [a + 240, b])]
    meeting = [[a + rng.choice((0, 0, 60)), b] for a, b in spans]
    least = rng.choice((30, 30, 45))
    return {
        "id": key,
        "limits": limits,
        "working": working,
        "meeting": meeting,
        "days": [
            {
                "week": day // 2,
                "span": span,
                "noon": span[0] + 180,
                "lunch": rng.choice(
                    (None, *[{"window": [span[0] + 135, span[0] + 270], "min": least, "ideal": 60}] * 3)
                ),
            }
            for day, span in enumerate(spans)
        ],
        "focus": {
            "min": 60,
            "block": rng.choice((90, 120)),
            "goal": [rng.choice((0, 120, 240, 600)) for _ in range(2)],
            "side": rng.choice(("any", "morning", "afternoon")),
        },
    }
