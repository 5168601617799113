"""What the words of a title say: days off, holidays and lunches, by the organization's keyword lists (H14)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from clockwise.organizations.models import Keywords

AWAY, HOLIDAY, LUNCH, MEETING = "out of office", "holiday", "lunch", "meeting"


@dataclass(frozen=True)
class Verdict:
    """What a title is taken for, and the phrase that decided it; empty if none did."""

    kind: str
    phrase: str = ""


class Reader:
    """Whole words count, upper or lower case; the negating list wins. Made once for many titles."""

    def __init__(self, keywords: Keywords) -> None:
        self._not_away = _pattern(keywords.not_away)
        self._all_day = _pattern(keywords.holiday)
        self._lists = ((AWAY, _pattern(keywords.away)), (LUNCH, _pattern(keywords.lunch)))

    def read(self, title: str, *, all_day: bool) -> Verdict:
        """all_day: only such an event can be a holiday, and none can be a lunch."""
        text = " ".join(title.casefold().split())
        if found := self._not_away.search(text):
            return Verdict(MEETING, found[0])
        if all_day and (found := self._all_day.search(text)):
            return Verdict(HOLIDAY, found[0])
        for kind, pattern in self._lists:
            if (found := pattern.search(text)) and not (all_day and kind == LUNCH):
                return Verdict(kind, found[0])
        return Verdict(MEETING)


def _pattern(phrases: Iterable[str]) -> re.Pattern[str]:
    """Any of the phrases as whole words; nothing, for an empty list."""
    choices = "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{choices})(?!\w)" if choices else r"(?!)")
