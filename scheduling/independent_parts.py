"""An instance in independent parts, and their solutions put together again.

Parts share no person and no room of a movable event, so each can be solved on its own. What belongs to nobody who might
be affected is one more part, in which only lunches are placed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from scheduling.engine.instance import parse
from scheduling.engine.score import score
from scheduling.engine.solution import parse_events, parse_lunches

Document = Mapping[str, Any]
TOLERANCE = 0.01  # person-minutes between two ways to add up the same score


class PartRefused(Exception):
    """A part's solution breaks a constraint, or claims another score than the independent scorer finds."""


def divide(document: Document) -> list[Document]:
    """The parts of a `clockwise-instance/1`: those with movable events in the order of these, then the rest."""
    group_of = _groups(document["events"])
    groups: dict[str, set[str]] = {}
    for key, root in group_of.items():
        groups.setdefault(root, set()).add(key)
    people = {_person(person["id"]) for person in document["people"]}
    rest = people - group_of.keys()
    return [
        _part(document, group, number) for number, group in enumerate([*groups.values(), *([rest] if rest else [])])
    ]


def movable_events(part: Document) -> int:
    return sum(event["movable"] is not None for event in part["events"])


def people_of(parts: Iterable[Document]) -> set[str]:
    return {person["id"] for part in parts for person in part["people"]}


def check(part: Document, solution: Document) -> None:
    """Raises PartRefused; neither the search nor its incremental score has a say in it."""
    judged = score(parse(part), parse_events(solution), parse_lunches(solution))
    if judged.errors:
        raise PartRefused("; ".join(judged.errors[:3]))
    if abs(judged.total - float(solution["score"])) > TOLERANCE:
        raise PartRefused(f"the score is {judged.total:.2f}, not {solution['score']}")


def put_together(document: Document, solved: Sequence[Document], *, all_of_them: bool) -> Document:
    """The solution of the whole from those of its parts; people of parts that have none stay as they were.

    The independent scorer says what it is worth. A bound is known only where every part has one. Raises PartRefused.
    """
    together: dict[str, Any] = {
        "format": "clockwise-solution/1",
        "events": _joined(solution["events"] for solution in solved),
        "lunches": _joined(solution["lunches"] for solution in solved),
        "explanations": {
            kind: _joined(solution["explanations"][kind] for solution in solved) for kind in ("moves", "stays")
        },
    }
    judged = score(parse(document), parse_events(together), parse_lunches(together))
    if judged.errors:
        raise PartRefused("; ".join(judged.errors[:3]))
    gained = sum(float(solution["score"]) - float(solution["before"]) for solution in solved)
    bounds = [solution["bound"] for solution in solved]
    bound = None
    if all_of_them and None not in bounds:
        bound = judged.total + sum(float(each["bound"]) - float(each["score"]) for each in solved)
    proved = bound is not None and all(solution["status"] == "optimal" for solution in solved)
    return {
        **together,
        "score": judged.total,
        "before": judged.total - gained,
        "bound": bound,
        "status": "optimal" if proved else "feasible",
    }


def _groups(events: Iterable[Document]) -> dict[str, str]:
    """The first member of the group of each person and room that a movable event concerns."""
    root: dict[str, str] = {}

    def found(key: str) -> str:
        root.setdefault(key, key)
        while root[key] != key:
            root[key] = root[root[key]]
            key = root[key]
        return key

    for event in events:
        if event["movable"] is not None:
            first, *others = _concerned(event) or [f"event {event['id']}"]
            for other in others:
                root[found(other)] = found(first)
            found(first)
    return {key: found(key) for key in root}


def _concerned(event: Document) -> list[str]:
    rooms = {event["room"], *((event["movable"] or {}).get("rooms") or ())} - {None}
    return [_person(key) for key in event["attendees"]] + [_room(room) for room in sorted(rooms)]


def _part(document: Document, group: Collection[str], number: int) -> Document:
    return {
        **document,
        "name": f"{document['name']}/{number}",
        "people": [person for person in document["people"] if _person(person["id"]) in group],
        "rooms": [room for room in document["rooms"] if _room(room["id"]) in group],
        "events": [_seen_from(event, group) for event in document["events"] if _belongs(event, group)],
    }


def _belongs(event: Document, group: Collection[str]) -> bool:
    return f"event {event['id']}" in group or any(key in group for key in _concerned(event))


def _seen_from(event: Document, group: Collection[str]) -> Document:
    """Of a fixed event, the attendees and the room that are in the part; a movable one is in it as a whole."""
    attendees = [key for key in event["attendees"] if _person(key) in group]
    return {**event, "attendees": attendees, "room": event["room"] if _room(event["room"]) in group else None}


def _person(key: str) -> str:
    return f"person {key}"


def _room(key: str | None) -> str:
    return f"room {key}"


def _joined(mappings: Iterable[Document]) -> dict[str, Any]:
    return {key: value for mapping in mappings for key, value in mapping.items()}
