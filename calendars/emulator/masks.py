"""Partial responses: the `fields` parameter (developers.google.com/workspace/calendar/api/guides/performance)."""

from typing import Any

from calendars.emulator.errors import ApiError

Mask = dict[str, "Mask"]


def parse(text: str) -> Mask:
    """`a,b(c,d/e)` as nested names; raises ApiError for a malformed one."""
    mask, rest = _names(text)
    if rest:
        raise ApiError(400, "invalidParameter", "Invalid field selection", locationType="parameter", location="fields")
    return mask


def apply(mask: Mask, value: Any) -> Any:
    """Only what the mask names; all of it where the mask is empty or `*`."""
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [apply(mask, item) for item in value]
    if isinstance(value, dict):
        return {name: apply(inner, value[name]) for name, inner in mask.items() if name in value}
    return value


def _names(text: str) -> tuple[Mask, str]:
    mask: Mask = {}
    while True:
        end = next((i for i, c in enumerate(text) if c in ",()/"), len(text))
        name, text = text[:end].strip(), text[end:]
        if not name:
            raise ApiError(400, "invalidParameter", "Invalid field selection")
        inner: Mask = {}
        if text.startswith("/"):
            inner, text = _names_after_slash(text[1:])
        elif text.startswith("("):
            inner, text = _names(text[1:])
            if not text.startswith(")"):
                raise ApiError(400, "invalidParameter", "Invalid field selection")
            text = text[1:]
        mask.setdefault(name, {}).update(inner)
        if not text.startswith(","):
            return mask, text
        text = text[1:]


def _names_after_slash(text: str) -> tuple[Mask, str]:
    end = next((i for i, c in enumerate(text) if c in ",)"), len(text))
    inner, rest = _names(text[:end])
    return inner, rest + text[end:]
