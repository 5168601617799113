"""A thousand people, twenty changed events: how soon a valid plan is there, how good it gets, what moves needlessly.

`python -m benchmarks.bars.repair [IN.json] [--people 1000] [--full-seconds 60] [--seconds 10]`. A full run gives the
earlier plan; then twenty events change (another time, another length, one more attendee), and the changed instance is
planned again: from the earlier plan for `--seconds`, and from nothing for `--full-seconds`. A move is unneeded where
its event isn't listed as changed, is placed otherwise than before, and could go back alone, validly, for under 30.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path

from benchmarks.bars.command import optimize, read
from benchmarks.companies import company
from tests.scheduling.engine.judge import Document, judge, today

CHANGED = 20
MOST_MILLISECONDS, LEAST_SHARE, MOST_UNNEEDED, LEAST_LOSS = 200, 0.99, 3, 30.0


def change(document: Document, rng: random.Random) -> list[str]:
    """Change twenty meetings in place; their ids."""
    chosen = rng.sample([event for event in document["events"] if len(event["attendees"]) > 1], CHANGED)
    for event in chosen:
        kind = rng.choice(("time", "length", "attendee"))
        if kind == "time":
            shift = rng.choice((-120, -60, -30, 30, 60, 120))
            event["start"], event["end"] = event["start"] + shift, event["end"] + shift
        elif kind == "length":
            event["end"] += 15
        else:
            others = [person["id"] for person in document["people"] if person["id"] not in event["attendees"]]
            event["attendees"] = [*event["attendees"], rng.choice(others)]
    return [event["id"] for event in chosen]


def unneeded(document: Document, earlier: Document, repaired: Document, listed: set[str]) -> list[str]:
    """Events that moved without need."""
    events, found = {event["id"]: event for event in document["events"]}, []
    for key in sorted({*earlier["events"], *repaired["events"]} - listed):
        home = today(events[key])
        at_home = {"start": home[0], "room": home[1]} if home else None
        old, new = earlier["events"].get(key, at_home), repaired["events"].get(key, at_home)
        if old == new:
            continue
        near = _near(document, events[key], {old["room"], new["room"]} - {None})
        others = {k: spot for k, spot in repaired["events"].items() if k != key}
        back = others if old == at_home else {**others, key: old}
        whole, without = _judged(near, repaired, repaired["events"]), _judged(near, repaired, back)
        if without[1] == 0 and whole[0] - without[0] < LEAST_LOSS:
            found.append(key)
    return found


def _near(document: Document, event: Document, rooms: set[str]) -> Document:
    """The part of the instance that the event's place matters to."""
    people = {*event["attendees"]}
    around = [other for other in document["events"] if people & {*other["attendees"]} or other["room"] in rooms]
    return {**document, "people": [one for one in document["people"] if one["id"] in people], "events": around}


def _judged(near: Document, plan: Document, spots: Document) -> tuple[float, int]:
    known = {event["id"] for event in near["events"]}
    events = {key: spot for key, spot in spots.items() if key in known}
    judged = judge(near, {"events": events, "lunches": plan["lunches"]}, drop_covered_lunches=True)
    return judged.total, len(judged.errors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instance", type=Path, nargs="?")
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--full-seconds", type=float, default=60.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    document = read(options.instance) if options.instance else company(options.people, seed=6)
    with tempfile.TemporaryDirectory() as folder:
        source, before, full, repaired = (Path(folder, name) for name in ("in", "before", "full", "repaired"))
        source.write_text(json.dumps(document))
        optimize(source, before, "--seconds", str(options.full_seconds), "--seed", "1")
        listed = change(document, random.Random(1))
        source.write_text(json.dumps(document))
        optimize(source, full, "--seconds", str(options.full_seconds), "--seed", "2")
        warm = ("--warm", str(before), "--changed", ",".join(listed), "--json-progress")
        done = optimize(source, repaired, "--seconds", str(options.seconds), *warm)
        answer, reference = read(repaired), read(full)
        errors = judge(document, answer).errors
        needless = unneeded(document, read(before), answer, {*listed})
    first = json.loads(done.stdout.splitlines()[0])
    share = (answer["score"] - answer["before"]) / (reference["score"] - reference["before"])
    print(
        f"first valid plan {first['t_ms']} ms after loading (at most {MOST_MILLISECONDS}); {len(errors)} rules broken"
    )
    print(f"gain {share:.2%} of a full run's (at least {LEAST_SHARE:.0%}) after {done.seconds:.1f} s")
    print(f"{len(needless)} unneeded moves (at most {MOST_UNNEEDED}) {needless[:10]}")


if __name__ == "__main__":
    main()
