"""Mutated instance files: exit 0, 2 or 3, never a traceback, never more than 2 GB, never past `--seconds 5` by a fifth.

`python -m benchmarks.bars.bad_input [--count 5000] [--whole 50] [--first 0]`. Each file runs through the command
(reading, checks, planning with `--seconds 5 --iterations 300`, writing) in a fork of this process, which has the
libraries loaded; `--whole` of them also as a process of their own, with `--seconds 5` alone. Prints what fails, and the
share that holds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.bars.command import optimize
from benchmarks.companies import company
from scheduling.engine import command
from tests.scheduling.engine.judge import Document
from tests.scheduling.engine.small import small

SECONDS, MOST_SECONDS, MOST_BYTES = 5, 6.0, 2 * 10**9
FAR = 5_270_400  # the engine's horizon in minutes
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 15, 1.5, -0.0, 1e308, float("nan"), float("inf"), 2**31, 2**63, -(2**63), 10**30, FAR,
    -FAR, "", "p0", "e1", "\u0000", "x" * 10_000, [], {}, [[]], [[0, 0]], [[5, 1]], [[-FAR, FAR]], {"a": 1}, "9" * 400,
)  # fmt: skip


def mutated(seed: int) -> bytes:
    """A file with one to three things wrong, or merely strange, in it."""
    rng = random.Random(seed)
    document = small(seed, new=rng.random() < 0.5) if rng.random() < 0.8 else company(rng.randint(4, 12), seed=seed)
    break_it = rng.random() < 0.5
    for _ in range(rng.randint(1, 3)):
        breakages = (_replace, _drop, _repeat, _shuffle)
        rng.choice(breakages if break_it else (_nudge, _nudge, _nudge, _explode))(document, rng)
    text = json.dumps(document).encode()
    return _damage(text, rng) if rng.random() < 0.1 else text


def _spots(value: Any) -> list[tuple[Any, Any]]:
    """Each (container, key) in a document."""
    here: list[tuple[Any, Any]] = []
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        here.append((value, key))
        here += _spots(value[key])
    return here


def _replace(document: Document, rng: random.Random) -> None:
    container, key = rng.choice(_spots(document))
    container[key] = rng.choice(VALUES)


def _nudge(document: Document, rng: random.Random) -> None:
    """Another number of the same kind, so that most of it stays valid."""
    spots = [spot for spot in _spots(document) if type(spot[0][spot[1]]) in (int, float)]
    for container, key in rng.sample(spots, min(len(spots), rng.choice((1, 1, 5)))):
        container[key] = rng.choice((container[key] + rng.choice((-60, -15, -7, 1, 15, 60, 1440)), container[key] * 2))


def _drop(document: Document, rng: random.Random) -> None:
    container, key = rng.choice(_spots(document))
    del container[key]


def _repeat(document: Document, rng: random.Random) -> None:
    lists = [container[key] for container, key in _spots(document) if isinstance(container[key], list)]
    chosen = rng.choice([one for one in lists if one] or [[0]])
    chosen.extend([json.loads(json.dumps(rng.choice(chosen))) for _ in range(rng.choice((1, 2, 50)))])


def _shuffle(document: Document, rng: random.Random) -> None:
    lists = [container[key] for container, key in _spots(document) if isinstance(container[key], list)]
    rng.shuffle(rng.choice(lists or [[]]))


def _explode(document: Document, rng: random.Random) -> None:
    """Valid or nearly so, but with far more places, lunches or windows than anybody has."""
    events = [event for event in _list(document, "events") if isinstance(event, dict)]
    people = [person for person in _list(document, "people") if isinstance(person, dict)]
    if rng.random() < 0.7:
        document["step"] = rng.choice((1, 1, 2, 1440))
    wide = rng.choice(([[-FAR, FAR]], [[-20_000, 20_000]], [[0, 100_000]]))
    for event in events:
        if rng.random() < 0.5:
            windows = rng.choice((wide, [[start, start + 60] for start in range(0, 600_000, 60)], []))
            event["movable"] = {"windows": windows, "rooms": None, "cost": 0}
        if rng.random() < 0.1:
            event["start"], event["end"] = -FAR, rng.choice((FAR, -FAR + 1))
        if rng.random() < 0.1:
            event["attendees"] = rng.choice(([], [person.get("id") for person in people]))
    for person in people:
        if rng.random() < 0.7:
            person["meeting"] = rng.choice((wide, [[start, start + 60] for start in range(0, 600_000, 120)], []))
        if rng.random() < 0.3:
            person["working"] = wide
            lunch = {"window": rng.choice(([-FAR, FAR], [0, 140])), "min": 1, "ideal": rng.choice((60, FAR))}
            person["days"] = [{"week": 0, "span": wide[0], "noon": 0, "lunch": rng.choice((None, lunch))}]


def _list(document: Document, key: str) -> list[Any]:
    value = document.get(key)
    return value if isinstance(value, list) else []


def _damage(text: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(max(1, len(text)))
    return rng.choice(
        (
            text[:at],
            text[:at] + bytes([rng.randrange(256)]) + text[at + 1 :],
            text[:at] + b"9" * 10_000 + text[at:],
            b"\xef\xbb\xbf" + text,
            b"[" * 200_000,
            b'{"format": "clockwise-instance/1", "people": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            text.decode().encode("utf-16"),
            b"",
        )
    )


def in_a_fork(source: Path, out: Path) -> tuple[int, str, float, int]:
    """(exit status, standard error, seconds, peak of memory) of the command in a fork; 70 for an exception."""
    with tempfile.TemporaryFile("w+") as stderr:
        began = time.monotonic()
        child = os.fork()
        if not child:
            status = 70
            try:
                os.dup2(stderr.fileno(), 2)
                parser = argparse.ArgumentParser()
                command.arguments(parser)
                words = [str(source), "--out", str(out), "--seconds", str(SECONDS), "--iterations", "300"]
                options = parser.parse_args(words)
                status = command.run(options, began=began, error=_say)
            except BaseException as error:  # noqa: BLE001 (whatever it is, the fork tells and ends)
                _say(f"Traceback: {error!r} {traceback.format_exc()[-600:]}")
            finally:
                os._exit(status)
        _, ended, usage = os.wait4(child, 0)
        seconds = time.monotonic() - began
        stderr.seek(0)
        return os.waitstatus_to_exitcode(ended), stderr.read(), seconds, usage.ru_maxrss * 1024


def _say(text: str) -> None:
    os.write(2, f"{text}\n".encode(errors="replace"))


def complaint(status: int, stderr: str, seconds: float, peak: int) -> str:
    """What is wrong with such an end of the command; nothing where it is in order."""
    if status not in (0, 2, 3) or "Traceback" in stderr:
        return f"exit {status}: {stderr.strip()[-500:]}"
    if status and len(stderr.strip().splitlines()) != 1:
        return f"exit {status} with {len(stderr.strip().splitlines())} lines of reasons: {stderr[-100:]}"
    if peak > MOST_BYTES:
        return f"{peak / 1e9:.1f} GB"
    if seconds > MOST_SECONDS:
        return f"{seconds:.1f} s"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--whole", type=int, default=50)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    command.warm_up()
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder, "in.json"), Path(folder, "out.json")
        seeds = range(options.first, options.first + options.count)
        _round("in a fork", seeds, source, lambda: in_a_fork(source, out))

        def whole() -> tuple[int, str, float, int]:
            done = optimize(source, out, "--seconds", str(SECONDS))
            return done.status, done.stderr, done.seconds, done.peak_bytes

        step = max(1, options.count // max(1, options.whole))
        _round("as a process of its own", seeds[::step][: options.whole], source, whole)


def _round(how: str, seeds: range, source: Path, run: Callable[[], tuple[int, str, float, int]]) -> None:
    ends: Counter[int] = Counter()
    held, slowest, largest = 0, 0.0, 0
    for seed in seeds:
        source.write_bytes(mutated(seed))
        status, stderr, seconds, peak = run()
        ends[status] += 1
        slowest, largest = max(slowest, seconds), max(largest, peak)
        wrong = complaint(status, stderr, seconds, peak)
        held += not wrong
        if wrong:
            print(f"seed {seed}: {wrong}", flush=True)
    share = held / max(1, len(seeds))
    print(f"{held} of {len(seeds)} files hold {how} ({share:.2%}); exits {dict(sorted(ends.items()))};")
    print(f"at most {slowest:.1f} s of wall time and {largest / 1e6:.0f} MB", flush=True)


if __name__ == "__main__":
    main()
