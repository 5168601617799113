"""What the bars share: companies to plan for, and the command in a process of its own."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.scheduling.engine.judge import Document

CHECKOUT = Path(__file__).resolve().parent.parent.parent
DAY, WEEK = 1440, 7 * 1440
TEAM = 8
ATTEMPTS = 12  # at a time that is free for everybody, before one is booked over another
RANGES = ((0, 5), (0, 5), (0, 5), (None, 1))  # most movable meetings may go anywhere in their week, some in their day


def company(people: int, *, seed: int, weeks: int = 2, limits: bool = False) -> Document:
    """Teams of eight in two zones: one-on-ones, team and project meetings mostly at free times, appointments."""
    rng = random.Random(f"{people}-{seed}")
    members = [_person(number, weeks, rng, limits=limits) for number in range(people)]
    rooms = [{"id": f"r{n}", "capacity": 8, "building": f"b{n % 2}"} for n in range(max(1, people // 9))]
    busy: dict[str, list[tuple[int, int]]] = {}
    events: list[Document] = []
    for number in range(people):
        team = number // TEAM * TEAM
        mates = [n for n in range(team, min(people, team + TEAM)) if n != number]
        near = [n for n in range(max(0, team - 2 * TEAM), min(people, team + 3 * TEAM)) if n != number]
        for week in range(weeks):
            for _ in range(rng.choice((1, 2, 3))):
                _book(events, members, busy, rng, week, [number, *_some(rng, mates, 1)], rooms, share=0.6)
            for _ in range(rng.choice((1, 1, 2))):
                _book(events, members, busy, rng, week, [number, *_some(rng, near, 4)], rooms, share=0.4)
            for _ in range(rng.choice((1, 2, 4))):
                _book(events, members, busy, rng, week, [number], rooms, share=0.0)
            if number == team:
                _book(events, members, busy, rng, week, [number, *mates], rooms, share=0.4)
    return {
        "format": "clockwise-instance/1",
        "name": f"teams-{people}-{seed}",
        "origin": "2027-03-01T00:00:00Z",
        "step": 15,
        "weights": {},
        "people": members,
        "rooms": rooms,
        "events": events,
    }


def _some(rng: random.Random, others: list[int], most: int) -> list[int]:
    return rng.sample(others, min(len(others), rng.randint(1, most)))


def _person(number: int, weeks: int, rng: random.Random, *, limits: bool) -> Document:
    zone = 0 if number // (5 * TEAM) % 2 == 0 else 180
    days = [week * WEEK + day * DAY + zone for week in range(weeks) for day in range(5)]
    return {
        "id": f"p{number}",
        "limits": {"focus_drop": 60, "moves": 6} if limits else None,
        "working": [[day + 540, day + 1080] for day in days],
        "meeting": [[day + 540, day + 1050] for day in days],
        "days": [
            {
                "week": day // WEEK,
                "span": [day + 480, day + 1140],
                "noon": day + 720,
                "lunch": {"window": [day + 690, day + 840], "min": 30, "ideal": 60},
            }
            for day in days
        ],
        "focus": {
            "min": 60,
            "block": 120,
            "goal": [rng.choice((600, 900, 1200))] * weeks,
            "side": rng.choice(("any", "any", "morning", "afternoon")),
        },
    }


def _book(
    events: list[Document], members: list[Document], busy: dict[str, list[tuple[int, int]]], rng: random.Random,
    week: int, attendees: list[int], rooms: list[Document], *, share: float,
) -> None:  # fmt: skip
    minutes = rng.choice((30, 30, 60, 60, 45, 25))
    chosen = [members[number]["id"] for number in attendees]
    room = rng.choice(rooms)["id"] if len(chosen) > 2 and rng.random() < 0.3 else None
    resources = chosen if room is None else [*chosen, room]
    for _ in range(ATTEMPTS):
        low, high = rng.choice([hours for hours in members[attendees[0]]["meeting"] if hours[0] // WEEK == week])
        start = rng.randrange(low, high - minutes + 1, 30)
        if not any(a < start + minutes and start < b for key in resources for a, b in busy.get(key, ())):
            break
    for key in resources:
        busy.setdefault(key, []).append((start, start + minutes))
    first, days = rng.choice(RANGES)
    begin = week * WEEK if first == 0 else start // DAY * DAY
    others = [one["id"] for one in rng.sample(rooms, min(3, len(rooms)))]
    choice = None if room is None or rng.random() < 0.5 else sorted({room, *others})
    movable = {"windows": [[begin, begin + days * DAY]], "rooms": choice, "cost": 0}
    events.append(
        {
            "id": f"e{len(events)}",
            "start": start,
            "end": start + minutes,
            "attendees": chosen,
            "room": room,
            "movable": movable if rng.random() < share else None,
        }
    )


class Done(NamedTuple):
    """A finished command; `seconds` of wall time, `cpu` of processor time."""

    status: int
    stdout: str
    stderr: str
    seconds: float
    cpu: float
    peak_bytes: int


def optimize(source: Path, out: Path, *words: str, python: str = sys.executable, program: str = "engine") -> Done:
    """`python -m scheduling.engine`, or `manage.py optimize_instance`, with these further arguments."""
    head = ["-m", "scheduling.engine"] if program == "engine" else ["manage.py", "optimize_instance"]
    command = [python, *head, str(source), "--out", str(out), *words]
    return measured(command)


def measured(command: list[str]) -> Done:
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=CHECKOUT, stdout=stdout, stderr=stderr)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        for stream in (stdout, stderr):
            stream.seek(0)
        cpu = usage.ru_utime + usage.ru_stime
        return Done(process.returncode, stdout.read(), stderr.read(), seconds, cpu, usage.ru_maxrss * 1024)


def read(path: Path) -> Document:
    document: Document = json.loads(path.read_text())
    return document
