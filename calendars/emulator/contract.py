"""Google's own description of Calendar v3, as google-api-python-client ships it: paths, scopes, parameters, bodies."""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote

from googleapiclient.discovery_cache import get_static_doc

from calendars.emulator.errors import ApiError, invalid

Json = dict[str, Any]
PREFIX = "/calendar/v3/"
TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
}


@dataclass(frozen=True)
class Method:
    """`id` like `calendar.events.list`; `body`: the name of its schema."""

    id: str
    http: str
    pattern: re.Pattern[str]
    scopes: frozenset[str]
    parameters: Json
    body: str


def find(http: str, path: str) -> tuple[Method, dict[str, str]]:
    """The method behind a request, and the parameters in its (still quoted) path. Raises 404."""
    for method in _methods():
        found = method.pattern.fullmatch(path) if method.http == http else None
        if found:
            return method, {name: unquote(value) for name, value in found.groupdict().items()}
    raise ApiError(404, "notFound", "Not Found")


def check_query(method: Method, query: dict[str, list[str]]) -> None:
    """Raises 400 where a parameter is missing or isn't what the description says."""
    for name, wanted in method.parameters.items():
        if wanted["location"] != "query":
            continue
        if wanted.get("required") and not query.get(name):
            raise ApiError(400, "required", "Required", locationType="parameter", location=name)
        for value in query.get(name, ()):
            if not _fits(value, wanted):
                raise ApiError(400, "invalidParameter", "Invalid value", locationType="parameter", location=name)


def check_body(schema: str, body: Any) -> None:
    """Raises 400 where a value has another type than the description says."""
    if schema:
        _check(_document()["schemas"][schema], body, schema)


def _check(schema: Json, value: Any, place: str) -> None:
    if value is None:
        return
    if "$ref" in schema:
        schema = _document()["schemas"][schema["$ref"]]
    wanted = schema.get("type", "any")
    if wanted != "any" and not _is(value, wanted, schema):
        raise invalid(f"Invalid value for: {place}")
    if wanted == "array":
        for item in value:
            if item is None:
                raise invalid(f"Invalid value for: {place}")
            _check(schema["items"], item, place)
    if wanted == "object":
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
            if inner:
                _check(inner, item, f"{place}.{name}")


def _is(value: Any, wanted: str, schema: Json) -> bool:
    if wanted == "string" and schema.get("format") in ("int64", "uint64"):
        return isinstance(value, str | int)
    if isinstance(value, bool):
        return wanted == "boolean"
    return isinstance(value, TYPES[wanted])


def _fits(value: str, wanted: Json) -> bool:
    if wanted["type"] == "boolean":
        return value.lower() in ("true", "false")
    if wanted["type"] == "integer":
        number = int(value) if re.fullmatch(r"-?\d{1,9}", value) else None
        return number is not None and int(wanted.get("minimum", number)) <= number <= int(wanted.get("maximum", number))
    return "enum" not in wanted or value in wanted["enum"]


@cache
def _document() -> Json:
    found: Json = json.loads(get_static_doc("calendar", "v3"))  # type: ignore[no-untyped-call]
    return found


@cache
def _methods() -> tuple[Method, ...]:
    """Literal paths before those with a parameter in the same place."""
    found = [method for resource in _document()["resources"].values() for method in resource["methods"].values()]
    return tuple(_method(entry) for entry in sorted(found, key=lambda entry: entry["path"].count("{")))


def _method(entry: Json) -> Method:
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(PREFIX + entry["path"]))
    return Method(
        id=entry["id"].removeprefix("calendar."),
        http=entry["httpMethod"],
        pattern=re.compile(pattern),
        scopes=frozenset(entry["scopes"]),
        parameters=entry.get("parameters", {}),
        body=entry.get("request", {}).get("$ref", ""),
    )
