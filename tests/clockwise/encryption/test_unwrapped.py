import os
from collections.abc import Callable

from clockwise.encryption.envelope import DataKey
from clockwise.encryption.unwrapped import UnwrappedKeys


def a_key() -> DataKey:
    return DataKey(1, os.urandom(32))


def test_the_oldest_keys_make_room() -> None:
    cached: UnwrappedKeys[str] = UnwrappedKeys(limit=2)
    newest = a_key()

    cached.put("ada", a_key())
    cached.put("ben", a_key())
    cached.put("chie", newest)

    assert cached.get("ada") is None
    assert cached.get("ben") is not None
    assert cached.get("chie") is newest


def test_expired_keys_leave_memory_when_another_comes(monotonic: Callable[[float], None]) -> None:
    cached: UnwrappedKeys[str] = UnwrappedKeys(seconds=10)
    cached.put("ada", a_key())
    monotonic(5)
    cached.put("ben", a_key())
    monotonic(5)

    cached.put("chie", a_key())

    assert set(cached._entries) == {"ben", "chie"}


def test_a_key_is_given_out_for_its_time_and_no_longer(monotonic: Callable[[float], None]) -> None:
    cached: UnwrappedKeys[str] = UnwrappedKeys(seconds=10)
    cached.put("ada", a_key())
    monotonic(9)

    assert cached.get("ada") is not None
    assert cached.get("ada", lasting=2) is None
    monotonic(1)
    assert cached.get("ada") is None


def test_putting_a_key_again_renews_it(monotonic: Callable[[float], None]) -> None:
    cached: UnwrappedKeys[str] = UnwrappedKeys(seconds=10)
    cached.put("ada", a_key())
    monotonic(9)
    cached.put("ada", a_key())
    monotonic(9)

    assert cached.get("ada") is not None
