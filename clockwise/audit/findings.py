"""What a verification can find. Shared by the one in the database and the one of an export; no Django here."""

from dataclasses import dataclass, field
from typing import Literal

Problem = Literal[
    "changed", "broken", "missing", "foreign", "unreadable", "truncated", "rewritten", "forged", "conflict", "malformed"
]
MEANINGS: dict[Problem, str] = {
    "changed": "an entry is not what was recorded",
    "broken": "an entry doesn't follow the one before: added, moved or replaced",
    "missing": "entries are missing in between",
    "foreign": "an entry belongs to another organization",
    "unreadable": "an entry's words are missing or can't be opened",
    "truncated": "entries that a signed head counted are gone from the end",
    "rewritten": "the log isn't the one that a signed head committed to",
    "forged": "a head isn't signed by this installation, or doesn't follow the one before",
    "conflict": "the anchored head is another one, or the installation lacks it",
    "malformed": "a line can't be read",
}


@dataclass(frozen=True)
class Finding:
    """`position`: the entry's (or head's) number, None where there is none."""

    problem: Problem
    position: int | None = None

    def __str__(self) -> str:
        where = "" if self.position is None else f" (at {self.position})"
        return f"{self.problem}: {MEANINGS[self.problem]}{where}"


@dataclass
class Report:
    entries: int = 0
    heads: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return not self.findings

    def add(self, problem: Problem, position: int | None = None) -> None:
        self.findings.append(Finding(problem, position))
