"""Payloads to and from JSON: frozen dataclasses of plain values, or a dict of JSON. Small and strict.

Rows outlive the code that wrote them: unknown keys are passed over, missing ones take the field's default.
"""

import dataclasses
import json
import types
import typing
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, Union

from clockwise.encryption.errors import SealBroken, SealRefused

_SCALARS: dict[Any, tuple[type, ...]] = {str: (str,), int: (int,), float: (float, int), bool: (bool,)}
# What `json.loads` does, less its search for white space before each value.
_read_json = json.JSONDecoder().raw_decode
_PADDING = " "


# json.dumps would make an encoder for each payload.
_TO_TEXT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


class Codec(NamedTuple):
    """Python to JSON's values and back. None: the value is itself, unchecked."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def to_json(payload_type: type, payload: object) -> bytes:
    """Raises SealRefused for a value that its field does not declare; the message names the type only."""
    try:
        values = codec_for(payload_type).encode(payload)
        text = _TO_TEXT(values)
    except SealRefused:
        raise
    except (TypeError, ValueError, RecursionError) as error:
        raise SealRefused(f"A {payload_type.__qualname__} holds what JSON can't ({type(error).__name__}).") from None
    # Texts of strangers may hold lone surrogates, which strict UTF-8 can't.
    return text.encode("utf-8", "surrogatepass")


def from_json(payload_type: type, content: bytes) -> Any:
    """Raises SealBroken when the content isn't a payload of this type."""
    try:
        text = content.decode("utf-8", "surrogatepass")
        values, end = _read_json(text)
        if text[end:].strip(_PADDING):
            raise ValueError("more than one value")
        return codec_for(payload_type).decode(values)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise SealBroken(f"A sealed payload is no {payload_type.__qualname__} ({type(error).__name__}).") from None


def ensure_supported(payload_type: type) -> None:
    """Raises SealRefused unless it is `dict` or a frozen dataclass."""
    parameters = getattr(payload_type, "__dataclass_params__", None)
    if payload_type is not dict and not (parameters and parameters.frozen):
        raise SealRefused(f"{payload_type.__qualname__} must be a frozen dataclass, or dict.")


@cache
def codec_for(hint: Any) -> Codec:
    """The codec of a type hint. Raises SealRefused for one that has none."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in (Any, object, dict):
        return Codec(_same, _same)
    if hint in _SCALARS:
        return _scalar(hint)
    if hint is datetime:
        return Codec(_encode_instant, datetime.fromisoformat)
    if origin in (Union, types.UnionType):
        return _optional(arguments)
    if origin is list:
        return _sequence(list, codec_for(arguments[0]))
    if origin is tuple:
        return _tuple(arguments)
    if origin is dict and arguments[0] is str:
        return _mapping(codec_for(arguments[1]))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        ensure_supported(hint)
        return _dataclass(hint)
    raise SealRefused(f"A payload can't hold {hint}.")


def _same(value: Any) -> Any:
    return value


def _scalar(hint: type) -> Codec:
    allowed = _SCALARS[hint]

    def check(value: Any) -> Any:
        # bool is an int to Python, not to us. The first test alone decides nearly always.
        if type(value) is not hint and (isinstance(value, bool) or not isinstance(value, allowed)):
            raise _not_a(hint, value)
        return value

    return Codec(check, check)


def _not_a(kind: type, value: object) -> SealRefused:
    return SealRefused(f"A payload's {kind.__qualname__} was a {type(value).__name__}.")


def _checked(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise _not_a(kind, value)
    return value


def _encode_instant(value: datetime) -> str:
    if _checked(datetime, value).tzinfo is None:
        raise SealRefused("A payload's datetime must be aware.")
    return value.isoformat()


def _optional(arguments: tuple[Any, ...]) -> Codec:
    inner = [argument for argument in arguments if argument is not types.NoneType]
    if len(inner) != 1:
        raise SealRefused("A payload's union may only be `X | None`.")
    codec = codec_for(inner[0])
    return Codec(
        lambda value: None if value is None else codec.encode(value),
        lambda value: None if value is None else codec.decode(value),
    )


def _sequence(kind: type[list[Any]] | type[tuple[Any, ...]], item: Codec) -> Codec:
    return Codec(
        lambda value: [item.encode(each) for each in _checked(kind, value)],
        lambda value: kind([item.decode(each) for each in value]),
    )


def _tuple(arguments: tuple[Any, ...]) -> Codec:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return _sequence(tuple, codec_for(arguments[0]))
    items = [codec_for(argument) for argument in arguments]
    return Codec(
        lambda value: [item.encode(each) for item, each in zip(items, _checked(tuple, value), strict=True)],
        lambda value: tuple(item.decode(each) for item, each in zip(items, value, strict=True)),
    )


def _mapping(item: Codec) -> Codec:
    return Codec(
        lambda value: {key: item.encode(each) for key, each in _checked(dict, value).items()},
        lambda value: {key: item.decode(each) for key, each in value.items()},
    )


def _dataclass(kind: type) -> Codec:
    hints = typing.get_type_hints(kind)
    codecs = [(field.name, codec_for(hints[field.name])) for field in dataclasses.fields(kind)]
    decoders = [(name, codec.decode) for name, codec in codecs]
    # Nearly every value is there and of its own type: then nothing is called for it. `None` is no value's type.
    own_types = {name: hints[name] if hints[name] in _SCALARS else None for name, _ in codecs}
    encoders = [(name, own_types[name], codec.encode) for name, codec in codecs]
    exact = [(name, own_types[name], codec.decode) for name, codec in codecs]
    names = {name for name, _ in codecs}
    is_plain = not hasattr(kind, "__slots__") and not hasattr(kind, "__post_init__")

    def encode(value: Any) -> dict[str, Any]:
        if type(value) is not kind:
            raise _not_a(kind, value)
        return {
            name: found if type(found := getattr(value, name)) is own else encoded(found)
            for name, own, encoded in encoders
        }

    def decode(value: Any) -> Any:
        if is_plain and value.keys() == names:
            made: Any = object.__new__(kind)
            state = made.__dict__
            for name, own, decoded in exact:
                found = value[name]
                state[name] = found if type(found) is own else decoded(found)
            return made
        return kind(**{name: decoded(value[name]) for name, decoded in decoders if name in value})

    return Codec(encode, decode)
