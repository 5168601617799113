"""An independent judge of plans, on plain JSON documents: standard library only, nothing of the engine's code.

Slow and obvious: a person's day is looked at minute by minute, in the bits of one number.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations, product
from typing import Any, NamedTuple

Document = dict[str, Any]
Spot = tuple[int, str | None]  # start and room
Interval = tuple[int, int]
Lunches = Mapping[str, Sequence[Sequence[int]]]

WEIGHTS = {
    "focus": 1.0, "beyond_goal": 0.25, "side_bonus": 0.1, "conflict": 240.0, "room_conflict": 240.0,
    "outside_hours": 30.0, "lunch": 180.0, "lunch_short": 1.25, "move": 15.0, "move_person": 5.0,
}  # fmt: skip


class Verdict(NamedTuple):
    total: float
    by_person: dict[str, float]
    errors: list[str]


def weights_of(document: Document) -> dict[str, float]:
    return {**WEIGHTS, **document.get("weights", {})}


def today(event: Document) -> Spot | None:
    return None if event["start"] is None else (event["start"], event.get("room"))


def length(event: Document) -> int:
    return int(event["duration"] if event["start"] is None else event["end"] - event["start"])


def judge(document: Document, solution: Document, *, drop_covered_lunches: bool = False) -> Verdict:
    """The score of a solution, and every rule that it breaks; `drop_covered_lunches`: one under an event is none."""
    errors = [f"{key}: unknown" for key in solution["events"] if all(e["id"] != key for e in document["events"])]
    spots: dict[str, Spot] = {}
    for event in document["events"]:
        change = solution["events"].get(event["id"])
        spot = (change["start"], change["room"]) if change else today(event)
        if spot is None:
            errors.append(f"{event['id']}: not placed")
        else:
            spots[event["id"]] = spot
            if spot != today(event) and spot not in set(legal_spots(document, event)):
                errors.append(f"{event['id']}: may not be at {spot}")
    total = -moves_cost(document, spots)
    events = {event["id"]: event for event in document["events"]}
    for first, second in room_overlaps(document, spots):
        total -= weights_of(document)["room_conflict"]
        if any(spots[key] != today(events[key]) for key in (first, second)):
            errors.append(f"{first} and {second} share a room")
    by_person = {}
    for person in document["people"]:
        attended = [e for e in document["events"] if person["id"] in e["attendees"] and e["id"] in spots]
        lunches = [(a, b) for a, b in solution["lunches"].get(person["id"], ())]
        if drop_covered_lunches:
            taken = [(spots[e["id"]][0], spots[e["id"]][0] + length(e)) for e in attended]
            lunches = [lunch for lunch in lunches if not any(overlap(lunch, other) for other in taken)]
        errors += person_errors(document, person, attended, spots)
        errors += lunch_errors(document, person, attended, spots, lunches)
        by_person[person["id"]] = person_value(document, person, attended, spots, lunches)
    return Verdict(total + sum(by_person.values()), by_person, errors)


def overlap(one: Interval, other: Interval) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def legal_spots(document: Document, event: Document) -> Iterator[Spot]:
    """Where an event may be moved to or placed, whatever the others do; today's place is not among them."""
    movable, step = event["movable"], document.get("step", 15)
    if movable is None:
        return
    rooms = [event.get("room")] if movable.get("rooms") is None else movable["rooms"]
    hours = [person["meeting"] for person in document["people"] if person["id"] in event["attendees"]]
    for low, high in movable["windows"]:
        starts = {start for start in range(low, high - length(event) + 1) if start % step == 0}
        if event["start"] is not None and low <= event["start"] <= high - length(event):
            starts.add(event["start"])
        for start in sorted(starts):
            if all(any(a <= start and start + length(event) <= b for a, b in of_one) for of_one in hours):
                yield from ((start, room) for room in rooms if (start, room) != today(event))


def moves_cost(document: Document, spots: Mapping[str, Spot]) -> float:
    weights, cost = weights_of(document), 0.0
    for event in document["events"]:
        if event["start"] is not None and spots[event["id"]] != today(event):
            own = event["movable"].get("cost", 0) if event["movable"] else 0
            cost += weights["move"] + weights["move_person"] * len(event["attendees"]) + own
    return cost


def room_overlaps(document: Document, spots: Mapping[str, Spot]) -> Iterator[tuple[str, str]]:
    held = defaultdict(list)
    for event in document["events"]:
        if event["id"] in spots and (room := spots[event["id"]][1]) is not None:
            start = spots[event["id"]][0]
            held[room].append((start, start + length(event), event["id"]))
    for rows in held.values():
        yield from ((one[2], other[2]) for one, other in combinations(sorted(rows), 2) if overlap(one[:2], other[:2]))


def person_errors(
    document: Document, person: Document, attended: Sequence[Document], spots: Mapping[str, Spot]
) -> list[str]:
    """Moves onto other events of the person, and limits that are broken."""
    errors = []
    rows = [(spots[e["id"]][0], spots[e["id"]][0] + length(e), spots[e["id"]] != today(e), e["id"]) for e in attended]
    for one, other in combinations(sorted(rows), 2):
        if overlap(one[:2], other[:2]) and (one[2] or other[2]):
            errors.append(f"{person['id']}: {one[3]} lies over {other[3]}")
    limits = person.get("limits") or {}
    moved = [e for e in attended if e["start"] is not None and spots[e["id"]] != today(e)]
    if limits.get("moves") is not None:
        count = Counter(_week_of(person, e["start"]) for e in moved)
        errors += [f"{person['id']}: {n} moves in {week}" for week, n in count.items() if n > limits["moves"]]
    if limits.get("focus_drop") is not None and any(spots[e["id"]] != today(e) for e in attended):
        before = _focus(document, person, [(e["start"], e["end"]) for e in attended if e["start"] is not None])
        after = _focus(document, person, [row[:2] for row in rows])
        errors += [f"{person['id']}: loses focus" for w in before if before[w] - after[w] > limits["focus_drop"] + 1e-6]
    return errors


def lunch_errors(
    document: Document, person: Document, attended: Sequence[Document], spots: Mapping[str, Spot],
    lunches: Sequence[Interval],
) -> list[str]:  # fmt: skip
    taken = [(spots[e["id"]][0], spots[e["id"]][0] + length(e)) for e in attended]
    step, errors, used = document.get("step", 15), [], Counter[int]()
    for start, end in lunches:
        days = [n for n, d in enumerate(person["days"]) if d["span"][0] <= start and end <= d["span"][1]]
        rule = (person["days"][days[0]]["lunch"] if days else None) or {"window": [0, 0], "min": 1, "ideal": 0}
        used.update(days)
        if (
            not rule["window"][0] <= start < end <= rule["window"][1]
            or not rule["min"] <= end - start <= rule["ideal"]
            or start % step
            or end % step
        ):
            errors.append(f"{person['id']}: no lunch may be at {start}")
        if any(overlap((start, end), other) for other in taken):
            errors.append(f"{person['id']}: the lunch at {start} lies over an event")
    return errors + [f"{person['id']}: two lunches" for n in used.values() if n > 1]


def person_value(
    document: Document, person: Document, attended: Sequence[Document], spots: Mapping[str, Spot],
    lunches: Sequence[Interval],
) -> float:  # fmt: skip
    weights = weights_of(document)
    taken = [(spots[e["id"]][0], spots[e["id"]][0] + length(e)) for e in attended]
    value = -weights["conflict"] * sum(overlap(one, other) for one, other in combinations(taken, 2))
    for event, (start, end) in zip(attended, taken, strict=True):
        inside = any(a <= start and end <= b for a, b in person["meeting"])
        value -= weights["outside_hours"] * (len(event["attendees"]) >= 2 and not inside)
    for day in person["days"]:
        if day["lunch"]:
            eaten = [b - a for a, b in lunches if day["span"][0] <= a and b <= day["span"][1]]
            value -= weights["lunch_short"] * (day["lunch"]["ideal"] - eaten[0]) if eaten else weights["lunch"]
    return value + sum(
        _week_value(weights, person, week, focus)
        for week, focus in _focus(document, person, [*taken, *lunches]).items()
    )


def _week_value(weights: Mapping[str, float], person: Document, week: int, focus: float) -> float:
    goal = person["focus"]["goal"][week]
    return weights["focus"] * (min(focus, goal) + weights["beyond_goal"] * max(0.0, focus - goal))


def _week_of(person: Document, start: int) -> int | None:
    def distance(day: Document) -> tuple[int, int]:
        first, last = day["span"]
        return (-1 if first <= start < last else max(first - start, start - last)), first

    return min(person["days"], key=distance)["week"] if person["days"] else None


def _focus(document: Document, person: Document, busy: Sequence[Interval]) -> dict[int, float]:
    found: dict[int, float] = defaultdict(float)
    for day in person["days"]:
        found[day["week"]] += day_focus(document, person, day, busy)
    return found


def day_focus(document: Document, person: Document, day: Document, busy: Sequence[Interval]) -> float:
    """The worth of a day's free stretches: what is left of the bits of its working minutes."""
    first, last = day["span"]
    focus, bonus = person["focus"], weights_of(document)["side_bonus"]
    total = 0.0
    for low, high in person["working"]:
        if not (first <= low and high <= last):
            continue
        free = (1 << high - low) - 1
        for a, b in busy:
            a, b = max(a, low) - low, min(b, high) - low
            if a < b:
                free &= ~((1 << b - a) - 1 << a)
        while free:
            start = (free & -free).bit_length() - 1
            run = (~(free >> start) & (free >> start) + 1).bit_length() - 1
            free &= ~((1 << run) - 1 << start)
            if run >= focus["min"]:
                total += run if run >= focus["block"] else run / 2
                begin, side = low + start, focus.get("side", "any")
                if side == "morning":
                    total += bonus * max(0, min(begin + run, day["noon"]) - begin)
                elif side == "afternoon":
                    total += bonus * max(0, begin + run - max(begin, day["noon"]))
    return total


def lunch_choices(document: Document, day: Document, busy: Sequence[Interval]) -> list[Interval | None]:
    rule, step = day["lunch"], document.get("step", 15)
    if not rule:
        return [None]
    low, high = max(rule["window"][0], day["span"][0]), min(rule["window"][1], day["span"][1])
    grid = [time for time in range(low, high + 1) if time % step == 0]
    lunches = [(a, b) for a in grid for b in grid if rule["min"] <= b - a <= rule["ideal"]]
    return [None, *(lunch for lunch in lunches if not any(overlap(lunch, other) for other in busy))]


def best_lunches(document: Document, person: Document, busy: Sequence[Interval]) -> list[Interval]:
    """The best lunches around these events: all combinations of those of each day that no other one dominates."""
    weights = weights_of(document)
    days = []
    for day in person["days"]:
        rows: list[tuple[float, float, Interval | None]] = []
        for lunch in lunch_choices(document, day, busy):
            rule = day["lunch"]
            cost = 0.0
            if rule:
                cost = weights["lunch_short"] * (rule["ideal"] - lunch[1] + lunch[0]) if lunch else weights["lunch"]
            rows.append((day_focus(document, person, day, [*busy, lunch] if lunch else busy), cost, lunch))
        undominated: list[tuple[float, float, Interval | None]] = []
        for row in sorted(rows, key=lambda row: (-row[0], row[1])):
            if not undominated or row[1] < undominated[-1][1]:
                undominated.append(row)
        days.append([(day["week"], *row) for row in undominated])
    best, best_value = [], float("-inf")
    for choice in product(*days):
        focus: dict[int, float] = defaultdict(float)
        for week, minutes, _, _ in choice:
            focus[week] += minutes
        value = sum(_week_value(weights, person, week, f) for week, f in focus.items()) - sum(row[2] for row in choice)
        if value > best_value:
            best_value, best = value, [row[3] for row in choice if row[3]]
    return best


def best_score(document: Document) -> float | None:
    """The score of the best of all valid plans; None where a meeting has no place.

    Each combination of places is tried, but for those whose beginning can't get better than a plan that was found: at
    most what each attendee would get if it alone chose the rest.
    """
    movable = [event for event in document["events"] if event["movable"]]
    weights = weights_of(document)
    fixed = {event["id"]: spot for event in document["events"] if not event["movable"] and (spot := today(event))}
    choices = {
        event["id"]: ([today(event)] if today(event) else []) + list(legal_spots(document, event)) for event in movable
    }
    attended = {
        person["id"]: [event for event in document["events"] if person["id"] in event["attendees"]]
        for person in document["people"]
    }

    @cache
    def most(number: int, chosen: tuple[Spot, ...]) -> float:
        """The most that a person may be worth with its first movable events there."""
        person = document["people"][number]
        mine = [event for event in attended[person["id"]] if event["movable"]]
        if len(chosen) < len(mine):
            return max((most(number, (*chosen, spot)) for spot in choices[mine[len(chosen)]["id"]]), default=-1e18)
        spots = {**fixed, **{event["id"]: spot for event, spot in zip(mine, chosen, strict=True)}}
        if person_errors(document, person, attended[person["id"]], spots):
            return -1e18
        busy = [(spots[e["id"]][0], spots[e["id"]][0] + length(e)) for e in attended[person["id"]]]
        lunches = best_lunches(document, person, busy)
        return person_value(document, person, attended[person["id"]], spots, lunches)

    best = [-1e17]

    def try_rest(depth: int, spots: dict[str, Spot]) -> None:
        chosen = movable[:depth]
        value = 0.0
        for number, person in enumerate(document["people"]):
            value += most(number, tuple(spots[e["id"]] for e in chosen if person["id"] in e["attendees"]))
        placed = {**document, "events": [e for e in document["events"] if e["id"] in spots]}
        value -= moves_cost(placed, spots)
        if value <= best[0]:
            return
        by_id = {event["id"]: event for event in placed["events"]}
        for pair in room_overlaps(placed, spots):
            if any(spots[key] != today(by_id[key]) for key in pair):
                return
            value -= weights["room_conflict"]
        if value <= best[0]:
            return
        if depth == len(movable):
            best[0] = value
            return
        for spot in choices[movable[depth]["id"]]:
            assert spot is not None
            try_rest(depth + 1, {**spots, movable[depth]["id"]: spot})

    try_rest(0, fixed)
    return best[0] if best[0] > -1e16 else None


def false_gains(document: Document, solution: Document) -> tuple[int, list[str]]:
    """(moves that are explained, those whose told gain, or a person's part of it, isn't what the score would lose)."""
    whole, wrong = judge(document, solution), []
    told = solution["explanations"]["moves"]
    for key, reason in told.items():
        others = {other: change for other, change in solution["events"].items() if other != key}
        back = judge(document, {**solution, "events": others}, drop_covered_lunches=True)
        parts = {p: value - back.by_person[p] for p, value in whole.by_person.items()}
        differ = any(abs(part - reason["by_person"].get(p, 0.0)) > 0.01 for p, part in parts.items())
        if differ or abs(reason["gain"] - (whole.total - back.total)) > 0.01:
            wrong.append(key)
    placed = {event["id"] for event in document["events"] if event["start"] is None}
    wrong += [key for key in solution["events"] if key not in told and key not in placed]
    return len(told), wrong
