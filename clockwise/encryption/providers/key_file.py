"""Master keys in a file of mode 0600, one a line: `generation:base64 of 32 bytes`. The newest wraps."""

import base64
import binascii
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from clockwise.encryption.envelope import KEY_BYTES, DataKey, generation_of, seal, unseal
from clockwise.encryption.errors import KeyMissing, KeyRefused, SealBroken

_PURPOSE = "master"
_REMEDY = '(umask 077; echo "1:$(openssl rand -base64 32)" > FILE) makes one'


class KeyFile:
    """Reads the file at each use: a new generation counts at once, and no master key stays in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def wrap(self, key: bytes, context: Mapping[str, str]) -> bytes:
        generations = self._read()
        newest = DataKey(max(generations), generations[max(generations)])
        return seal(newest, _PURPOSE, _binding(context), key)

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        generations = self._read()
        try:
            generation = generation_of(wrapped)
            if generation not in generations:
                raise KeyMissing(f"The key file has no generation {generation}. Put that line back.")
            return unseal(DataKey(generation, generations[generation]), _PURPOSE, _binding(context), wrapped)
        except SealBroken:
            raise KeyRefused("A wrapped key was not wrapped by this key file under this name.") from None

    def rewrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        if generation_of(wrapped) == max(self._read()):
            self.unwrap(wrapped, context)
            return wrapped
        return self.wrap(self.unwrap(wrapped, context), context)

    def _read(self) -> dict[int, bytes]:
        text = _read_private(self._path)
        generations: dict[int, bytes] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                generation, key = _parse(line, number)
                if generation in generations:
                    raise KeyRefused(f"Line {number} of the key file repeats generation {generation}.")
                generations[generation] = key
        if not generations:
            raise KeyRefused(f"The key file is empty: {_REMEDY}.")
        return generations


def _read_private(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            # The open file's mode, not the path's: the path may point elsewhere a moment later.
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise KeyRefused(f"The key file {path} is open to others than its owner. Run chmod 600 on it.")
            return file.read()
    except FileNotFoundError:
        raise KeyMissing(f"The key file {path} does not exist: {_REMEDY}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyRefused(f"The key file {path} can't be read ({type(error).__name__}).") from None


def _parse(line: str, number: int) -> tuple[int, bytes]:
    generation, _, encoded = line.strip().partition(":")
    if not generation.isdecimal() or not 1 <= int(generation) < 2**16:
        raise KeyRefused(f"Line {number} of the key file does not start with a generation from 1 to 65535 and a colon.")
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise KeyRefused(f"Line {number} of the key file is not base64 after the colon.") from None
    if len(key) != KEY_BYTES:
        raise KeyRefused(f"The key on line {number} of the key file has {len(key)} bytes; it must have {KEY_BYTES}.")
    return int(generation), key


def _binding(context: Mapping[str, str]) -> bytes:
    return json.dumps(dict(context), sort_keys=True).encode()
