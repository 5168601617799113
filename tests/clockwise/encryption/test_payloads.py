from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clockwise.encryption import payloads
from clockwise.encryption.errors import SealBroken, SealRefused
from clockwise.encryption.payloads import from_json, to_json


@dataclass(frozen=True)
class Guest:
    address: str
    optional: bool = False


@dataclass(frozen=True)
class Words:
    title: str = ""
    count: int = 0
    share: float = 0.0
    at: datetime | None = None
    guests: tuple[Guest, ...] = ()
    pair: tuple[str, int] = ("", 0)
    minutes: dict[str, list[list[int]]] | None = None
    resource: dict[str, object] = field(default_factory=dict)
    host: Guest | None = None


guests = st.builds(Guest, address=st.text(), optional=st.booleans())
words = st.builds(
    Words,
    title=st.text(),
    count=st.integers(),
    share=st.floats(allow_nan=False, allow_infinity=False),
    at=st.none() | st.datetimes(timezones=st.just(UTC)),
    guests=st.lists(guests).map(tuple),
    pair=st.tuples(st.text(), st.integers()),
    minutes=st.none() | st.dictionaries(st.text(), st.lists(st.lists(st.integers()))),
    resource=st.dictionaries(st.text(), st.none() | st.booleans() | st.text() | st.lists(st.integers())),
    host=st.none() | guests,
)


@given(words)
def test_a_payload_comes_back_as_it_was(payload: Words) -> None:
    assert from_json(Words, to_json(Words, payload)) == payload


def test_texts_with_lone_surrogates_come_back() -> None:
    payload = Guest("\ud83d half a character \x00")

    assert from_json(Guest, to_json(Guest, payload)) == payload


def test_an_instant_keeps_its_offset() -> None:
    at = datetime(2026, 3, 1, 9, tzinfo=timezone(timedelta(hours=9)))

    back = from_json(Words, to_json(Words, Words(at=at)))

    assert back.at.isoformat() == "2026-03-01T09:00:00+09:00"


def test_unknown_keys_are_passed_over_and_missing_ones_take_the_default() -> None:
    assert from_json(Guest, b'{"address": "a", "gone": 1}') == Guest("a", optional=False)


def test_padding_is_passed_over() -> None:
    assert from_json(Guest, b'{"address":"a"}' + b" " * 49) == Guest("a")


@pytest.mark.parametrize("content", [b"{}", b"[]", b"7", b"canary", b'{"address": 7}', b"\xff", b'{"address": "a"'])
def test_content_of_another_shape_is_a_broken_seal(content: bytes) -> None:
    with pytest.raises(SealBroken) as broken:
        from_json(Guest, content)

    assert "canary" not in str(broken.value)


@pytest.mark.parametrize(
    "payload",
    [
        Words(title=7),  # type: ignore[arg-type]
        Words(count=True),
        Words(count="canary"),  # type: ignore[arg-type]
        Words(at=datetime(2026, 3, 1)),  # noqa: DTZ001
        Words(guests=("canary",)),  # type: ignore[arg-type]
        Words(host=Words()),  # type: ignore[arg-type]
        Words(guests=None),  # type: ignore[arg-type]
        Words(pair=("a", 1, 2)),  # type: ignore[arg-type]
        Words(at="canary"),  # type: ignore[arg-type]
        Words(resource={"a": object()}),
        Words(share=float("nan")),
    ],
)
def test_a_value_that_its_field_does_not_declare_is_refused(payload: Words) -> None:
    with pytest.raises(SealRefused) as refused:
        to_json(Words, payload)

    assert "canary" not in str(refused.value)


@dataclass(frozen=True)
class WithSet:
    names: set[str]


@dataclass(frozen=True)
class WithUnion:
    name: str | int


@dataclass(frozen=True)
class WithNumberedKeys:
    names: dict[int, str]


@pytest.mark.parametrize("kind", [WithSet, WithUnion, WithNumberedKeys])
def test_a_type_without_a_codec_is_refused(kind: Any) -> None:
    with pytest.raises(SealRefused):
        payloads.codec_for(kind)


@dataclass
class Loose:
    name: str = ""


@pytest.mark.parametrize("kind", [Loose, str, list])
def test_only_frozen_dataclasses_and_dicts_are_payloads(kind: type) -> None:
    with pytest.raises(SealRefused):
        payloads.ensure_supported(kind)


@pytest.mark.parametrize("content", [b'{"a":1}{"a":2}', b'{"a":1} x', b"", b"{"])
def test_more_or_less_than_one_value_is_a_broken_seal(content: bytes) -> None:
    with pytest.raises(SealBroken):
        payloads.from_json(dict, content)
