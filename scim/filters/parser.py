"""A recursive-descent parser of filters and PATCH paths. Precedence is the RFC's: not, and, or."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Union

from scim.errors import ScimError, invalid_filter, invalid_path

LONGEST = 8192
MOST_TERMS = 200
DEEPEST = 20

OPERATORS = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"})
Literal = str | int | float | bool | None

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<bracket>[()\[\]])
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w:.$-]))
    | (?P<name>\.?[A-Za-z$][\w$.:-]*)
    )""",
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True)
class Compare:
    """`path op value`; for `pr` the value is None."""

    path: str
    operator: str
    value: Literal = None


@dataclass(frozen=True)
class Every:
    parts: tuple["Filter", ...]


@dataclass(frozen=True)
class Either:
    parts: tuple["Filter", ...]


@dataclass(frozen=True)
class Not:
    part: "Filter"


@dataclass(frozen=True)
class Elements:
    """`path[inner]`, or `path[inner].sub op value` when `compare` says more of the elements that match."""

    path: str
    inner: "Filter"
    compare: Compare | None = None


Filter = Union[Compare, Every, Either, Not, Elements]  # noqa: UP007 - the names are forward references


@dataclass(frozen=True)
class Path:
    """The target of a PATCH operation: `attr`, `attr.sub`, `attr[filter]` or `attr[filter].sub`."""

    name: str
    inner: Filter | None = None
    sub: str = ""


def parse_filter(text: str) -> Filter:
    """Raises ScimError: 400 `invalidFilter`."""
    parser = _Parser(text, invalid_filter)
    found = parser.either()
    parser.end()
    return found


def parse_path(text: str) -> Path:
    """Raises ScimError: 400 `invalidPath`."""
    parser = _Parser(text, invalid_path)
    found = parser.patch_path()
    parser.end()
    return found


class _Parser:
    def __init__(self, text: str, refusal: Callable[[str], ScimError]) -> None:
        self._refusal = refusal
        if len(text) > LONGEST:
            raise self._refuse(f"It is longer than {LONGEST} characters.")
        self._tokens = self._split(text)
        self._at = 0
        self._terms = 0
        self._depth = 0

    def either(self) -> Filter:
        parts = [self._every()]
        while self._word("or"):
            parts.append(self._every())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def patch_path(self) -> Path:
        name = self._take("name", "an attribute")
        if not self._bracket("["):
            return Path(name)
        inner = self._nested("]")
        return Path(name, inner, self._sub_name())

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise self._refuse(f"Something stands after its end, at part {self._at + 1}.")

    def _every(self) -> Filter:
        parts = [self._term()]
        while self._word("and"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _term(self) -> Filter:
        if self._bracket("("):
            return self._nested(")")
        if self._peek_word("not") and self._peek(1) == ("bracket", "("):
            self._at += 2
            return Not(self._nested(")"))
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise self._refuse(f"It has more than {MOST_TERMS} comparisons.")
        name = self._take("name", "an attribute")
        if not self._bracket("["):
            return self._comparison(name)
        inner = self._nested("]")
        sub = self._sub_name()
        return Elements(name, inner, self._comparison(sub) if sub else None)

    def _nested(self, closing: str) -> Filter:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._refuse(f"It is nested deeper than {DEEPEST} levels.")
        inner = self.either()
        if not self._bracket(closing):
            raise self._refuse(f"A {closing} is missing.")
        self._depth -= 1
        return inner

    def _sub_name(self) -> str:
        kind, text = self._peek()
        if kind == "name" and text.startswith("."):
            self._at += 1
            return text[1:]
        return ""

    def _comparison(self, name: str) -> Compare:
        operator = self._take("name", "an operator").lower()
        if operator not in OPERATORS:
            raise self._refuse("It has an operator that there is not.")
        return Compare(name, operator) if operator == "pr" else Compare(name, operator, self._value())

    def _value(self) -> Literal:
        kind, text = self._peek()
        self._at += 1
        if kind == "string":
            return self._string(text)
        if kind == "number":
            return int(text) if re.fullmatch(r"-?[0-9]{1,400}", text) else float(text)
        literals: dict[str, Literal] = {"true": True, "false": False, "null": None}
        if kind == "name" and text.lower() in literals:
            return literals[text.lower()]
        raise self._refuse("A value must be JSON: a text in double quotes, a number, true, false or null.")

    def _string(self, text: str) -> str:
        try:
            value: str = json.loads(text, strict=False)
        except ValueError:
            raise self._refuse("A text isn't JSON.") from None
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise self._refuse("A text has a character that no resource can have.")
        return value

    def _take(self, kind: str, wanted: str) -> str:
        found, text = self._peek()
        if found != kind or text.startswith("."):
            raise self._refuse(f"It lacks {wanted} at part {self._at + 1}.")
        self._at += 1
        return text

    def _word(self, word: str) -> bool:
        if self._peek_word(word):
            self._at += 1
            return True
        return False

    def _peek_word(self, word: str) -> bool:
        kind, text = self._peek()
        return kind == "name" and text.lower() == word

    def _bracket(self, bracket: str) -> bool:
        if self._peek() == ("bracket", bracket):
            self._at += 1
            return True
        return False

    def _peek(self, ahead: int = 0) -> tuple[str, str]:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else ("", "")

    def _split(self, text: str) -> list[tuple[str, str]]:
        tokens = []
        at, end = 0, len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None:
                raise self._refuse(f"It can't be read at character {at + 1}.")
            tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()
        return tokens

    def _refuse(self, why: str) -> ScimError:
        what = "filter" if self._refusal is invalid_filter else "path"
        return self._refusal(f"The {what} is not valid. {why}")
