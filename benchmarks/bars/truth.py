"""Each explained gain against what the tests' judge works out: what the score would lose if that event went back.

`python -m benchmarks.bars.truth [IN.json ...]`; by default teams of 10 to 100 people, with and without limits, and 100
small instances of every kind. The judge shares no code with the engine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bars.command import read
from benchmarks.companies import company
from scheduling.engine.instance import parse
from scheduling.engine.solve import solve
from tests.scheduling.engine.judge import Document, false_gains, judge
from tests.scheduling.engine.small import small

SIZES = (10, 20, 40, 100)


def documents(paths: list[Path]) -> Iterator[Document]:
    if paths:
        yield from map(read, paths)
        return
    for people in SIZES:
        for limits in (False, True):
            yield company(people, seed=2, limits=limits)
    yield from (small(seed) for seed in range(100))


def main() -> None:
    total = false = 0
    for document in documents([Path(word) for word in sys.argv[1:]]):
        for iterations in (300, 30_000):  # what a hasty plan says of itself must be true too
            answer = solve(parse(document), seed=1, iterations=iterations).as_document()
            judged = judge(document, answer)
            told, wrong = false_gains(document, answer)
            total, false = total + told, false + len(wrong)
            if wrong or judged.errors:
                print(f"{document['name']}, {iterations} tries: false {wrong[:5]}, breaks {judged.errors[:3]}")
    print(f"{total - false} of {total} explained gains are what the judge works out ({(total - false) / total:.2%})")


if __name__ == "__main__":
    main()
