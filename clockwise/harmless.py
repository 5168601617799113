"""Words of strangers, made harmless for where they go: a spreadsheet, a line, a page's direction of writing."""

import re

# OWASP, "CSV Injection": what a spreadsheet may take for a formula, full-width forms included.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Unicode Standard Annex #9, 3.1: what opens a direction, and what closes it.
_POP = "\u202c"
_CLOSED_BY = {**dict.fromkeys("\u202a\u202b\u202d\u202e", _POP), **dict.fromkeys("\u2066\u2067\u2068", "\u2069")}
_CLOSERS = frozenset(_CLOSED_BY.values())
_DIRECTIONS = _CLOSERS.union(_CLOSED_BY)


def cell(text: str) -> str:
    """A spreadsheet's cell that is shown and never computed."""
    seen = text.lstrip("".join(map(chr, range(33))) + "\u00a0\ufeff\u200b\u200e\u200f")
    is_formula = seen.startswith(_FORMULA) or text[:1] in {"\t", "\r", "\n", "\0"}
    return f"'{text}" if is_formula else text


def one_line(text: str) -> str:
    """Without line breaks and other controls, which begin a new field in mail and ICS."""
    return _CONTROLS.sub(" ", text).strip()


def own_direction(text: str) -> str:
    """Closes what the text opens, so that it turns around nothing that stands after it."""
    if text.isascii() or _DIRECTIONS.isdisjoint(text):
        return text
    opened: list[str] = []
    kept = []
    for character in text:
        if character in _CLOSED_BY:
            opened.append(_CLOSED_BY[character])
        elif character in _CLOSERS:
            # A pop reaches out of no isolate (X7); the end of an isolate ends all that was opened in it (X6a).
            closes = opened[-1:] == [_POP] if character == _POP else character in opened
            if not closes:
                continue  # would close nothing, or what stands around the text
            while opened.pop() != character:
                pass
        kept.append(character)
    return "".join(kept) + "".join(reversed(opened))
