"""New meetings among ones that can make way: as good as trying everything, and honest where there is no place.

`python -m benchmarks.bars.placing [COUNT] [LARGE]`: COUNT small instances (100) against the tests' judge, which tries
everything; then LARGE companies (5) of 20 people with 10 new meetings, for the share that 10 s prove optimal.
Blockers are checked against every smaller set of events and people where nothing movable can make way.
"""

from __future__ import annotations

import random
import sys
from itertools import combinations

from benchmarks.bars.exhaustive import ITERATIONS, shortfall
from benchmarks.companies import company
from scheduling.engine.instance import parse
from scheduling.engine.solve import Infeasible, solve
from tests.scheduling.engine.judge import Document, best_score, judge, legal_spots, length, overlap
from tests.scheduling.engine.small import small

NEW = 10


def failure(seed: int) -> str:
    """What is wrong with the engine's answer to that small instance with new meetings."""
    document = small(seed, new=True)
    best = best_score(document)
    try:
        found = solve(parse(document), seed=seed, iterations=ITERATIONS)
    except Infeasible as refused:
        if best is not None:
            return f"{refused}, yet a plan of {best} places all"
        return _wrong_blockers(document, refused)
    return shortfall(document, found, best)


def _wrong_blockers(document: Document, refused: Infeasible) -> str:
    """Where fixed events and hours alone forbid every place, the blockers are a smallest set that does."""
    event = next(event for event in document["events"] if event["id"] == refused.event)
    fixed = {other["id"]: other for other in document["events"] if not other["movable"]}
    hours = {person["id"]: person["meeting"] for person in document["people"] if person["id"] in event["attendees"]}
    free_of_hours = {
        **document,
        "people": [{**person, "meeting": [[-(10**7), 10**7]]} for person in document["people"]],
    }
    places = list(legal_spots(free_of_hours, event))

    def forbids(key: str, start: int, room: str | None) -> bool:
        span = start, start + length(event)
        if key in hours:
            return not any(a <= span[0] and span[1] <= b for a, b in hours[key])
        other = fixed[key]
        shared = {*other["attendees"]} & {*event["attendees"]} or (room is not None and other["room"] == room)
        return bool(shared) and overlap(span, (other["start"], other["end"]))

    def covers(keys: tuple[str, ...]) -> bool:
        return all(any(forbids(key, *place) for key in keys) for place in places)

    everything = (*hours, *fixed)
    if not covers(everything):
        return ""  # movable events are in the way too: which, depends on where they ended up
    if not {*refused.blockers} <= {*everything} or not covers(refused.blockers):
        return f"{refused.blockers} don't forbid every place of {refused.event}"
    for size in range(len(refused.blockers)):
        if any(covers(keys) for keys in combinations(everything, size)):
            return f"{refused.blockers}, yet {size} are enough"
    return ""


def with_new_meetings(seed: int) -> Document:
    """Twenty people with ten more meetings to place this week."""
    rng, document = random.Random(seed), company(20, seed=seed, weeks=1)
    for number in range(NEW):
        attendees = [person["id"] for person in rng.sample(document["people"], rng.choice((2, 3, 4)))]
        flexibility = {"windows": [[0, 5 * 1440]], "rooms": None, "cost": 0}
        document["events"].append(
            {"id": f"new{number}", "start": None, "duration": rng.choice((30, 60)), "attendees": attendees,
             "room": None, "movable": flexibility}
        )  # fmt: skip
    return document


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    large = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    held = 0
    for seed in range(count):
        wrong = failure(seed)
        held += not wrong
        if wrong:
            print(f"seed {seed}: {wrong}", flush=True)
    print(f"{held} of {count} small instances equal trying everything ({held / max(1, count):.1%})", flush=True)
    optimal = 0
    for seed in range(large):
        document = with_new_meetings(seed)
        found = solve(parse(document), seed=1, seconds=10.0, workers=2)
        errors = judge(document, found.as_document()).errors
        optimal += found.status == "optimal" and not errors
        print(f"20 people, 10 new, seed {seed}: {found.status}, {found.score:,.2f} of {found.bound:,.2f} {errors[:1]}")
    print(f"{optimal} of {large} companies of 20 with {NEW} new meetings are proved optimal within 10 s")


if __name__ == "__main__":
    main()
