"""Where wrapped keys lie, apart from the database: a folder of one machine, or an S3 prefix.

A name is `path/of/the/key.generation`. A key is written once: two writers end up with the same. Only its wrapping may
be changed later, and never of a key that was deleted meanwhile.
"""

import fcntl
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from botocore.exceptions import ClientError

from clockwise.encryption import aws
from clockwise.encryption.aws import code_of, errors_in_our_words
from clockwise.encryption.errors import KeyMissing, KeyRefused, KeyUnavailable

_S3_ADDRESS = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<prefix>.+?)/?")
_EXISTS_ALREADY = "PreconditionFailed"


class Keystore(Protocol):
    """All raise KeyUnavailable (try again) and KeyRefused (the place itself is not fit)."""

    def get(self, name: str) -> bytes:
        """The wrapped key. Raises KeyMissing."""

    def create(self, name: str, wrapped: bytes) -> bytes:
        """Store it unless the name is taken; the answer is what is stored: the first writer's."""

    def rewrap(self, name: str, change: Callable[[bytes], bytes]) -> None:
        """Store `change(wrapped)` in its place. Raises KeyMissing, also when the key is deleted meanwhile."""

    def names(self) -> Iterator[str]:
        """Every name, in no order."""

    def delete_prefix(self, prefix: str) -> None:
        """Delete every key whose name starts so. None at all is fine."""

    def newest_generation(self, name: str) -> int:
        """The highest generation under `name` (without its generation). Raises KeyMissing when there is none."""


def at(location: str) -> Keystore:
    """The keystore of `CLOCKWISE_KEYSTORE`: `s3://bucket/prefix` or a folder."""
    return S3Keystore(location) if location.startswith("s3://") else FolderKeystore(Path(location))


class FolderKeystore:
    """For one machine. The folder has mode 0700, its files 0600; anything wider is refused."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> bytes:
        self._refuse_unless_private()
        with _file_errors():
            return (self._folder / name).read_bytes()

    def create(self, name: str, wrapped: bytes) -> bytes:
        self._refuse_unless_private()
        target = self._folder / name
        with _file_errors():
            self._make_folders(target.parent)
            draft = target.parent / f".{secrets.token_hex(8)}"
            try:
                _write_durably(draft, wrapped)
                # A link appears whole or not at all, and never replaces what is there.
                os.link(draft, target)
            except FileExistsError:
                pass
            finally:
                draft.unlink(missing_ok=True)
            _sync_folder(target.parent)
            return target.read_bytes()

    def rewrap(self, name: str, change: Callable[[bytes], bytes]) -> None:
        self._refuse_unless_private()
        target = self._folder / name
        changed = change(self.get(name))
        draft = target.parent / f".{secrets.token_hex(8)}"
        with _file_errors():
            try:
                _write_durably(draft, changed)
                with self._alone():
                    if not target.exists():
                        raise KeyMissing("The key was deleted meanwhile.")
                    draft.replace(target)
            finally:
                draft.unlink(missing_ok=True)
            _sync_folder(target.parent)

    def names(self) -> Iterator[str]:
        self._refuse_unless_private()
        with _file_errors():
            for path in self._folder.rglob("*"):
                if path.is_file() and not path.name.startswith("."):
                    yield path.relative_to(self._folder).as_posix()

    def delete_prefix(self, prefix: str) -> None:
        self._refuse_unless_private()
        folder, _, start = prefix.rpartition("/")
        with _file_errors(), self._alone():
            _delete(path for path in _entries(self._folder / folder) if path.name.startswith(start))

    def newest_generation(self, name: str) -> int:
        self._refuse_unless_private()
        with _file_errors():
            return _newest(name, (path.name for path in _entries((self._folder / name).parent)))

    def _refuse_unless_private(self) -> None:
        try:
            mode = self._folder.stat().st_mode
        except OSError:
            raise KeyRefused(
                f"The keystore {self._folder} can't be reached. mkdir -m 700 makes an empty one."
            ) from None
        if not stat.S_ISDIR(mode) or stat.S_IMODE(mode) & 0o077:
            raise KeyRefused(f"The keystore {self._folder} must be a folder of its owner alone. Run chmod 700 on it.")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """A key that is deleted while it is being rewrapped must not come back."""
        descriptor = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _make_folders(self, folder: Path) -> None:
        missing = [
            step for step in (folder, *folder.parents) if step.is_relative_to(self._folder) and not step.exists()
        ]
        for step in reversed(missing):
            step.mkdir(mode=0o700, exist_ok=True)
            _sync_folder(step.parent)


class S3Keystore:
    """For several machines. The bucket keeps no old versions, or forgets them within the stated retention."""

    def __init__(self, address: str) -> None:
        match = _S3_ADDRESS.fullmatch(address)
        if match is None:
            raise KeyRefused("CLOCKWISE_KEYSTORE must be s3://bucket/prefix.")
        self._bucket, self._prefix = match["bucket"], match["prefix"]
        with errors_in_our_words("S3"):
            self._client = aws.s3()

    def get(self, name: str) -> bytes:
        with errors_in_our_words("S3"):
            return self._client.get_object(Bucket=self._bucket, Key=self._key(name))["Body"].read()

    def create(self, name: str, wrapped: bytes) -> bytes:
        with errors_in_our_words("S3"):
            try:
                self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=wrapped, IfNoneMatch="*")
            except ClientError as error:
                if code_of(error) != _EXISTS_ALREADY:
                    raise
        return self.get(name)

    def rewrap(self, name: str, change: Callable[[bytes], bytes]) -> None:
        with errors_in_our_words("S3"):
            stored = self._client.get_object(Bucket=self._bucket, Key=self._key(name))
            changed = change(stored["Body"].read())
            try:
                self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=changed, IfMatch=stored["ETag"])
            except ClientError as error:
                if code_of(error) == _EXISTS_ALREADY:
                    raise KeyUnavailable("The key was changed meanwhile.") from None
                raise

    def names(self) -> Iterator[str]:
        with errors_in_our_words("S3"):
            yield from (key.removeprefix(f"{self._prefix}/") for key in self._listed(""))

    def delete_prefix(self, prefix: str) -> None:
        with errors_in_our_words("S3"):
            for key in self._listed(prefix):
                self._client.delete_object(Bucket=self._bucket, Key=key)

    def newest_generation(self, name: str) -> int:
        with errors_in_our_words("S3"):
            return _newest(name, (key.rpartition("/")[2] for key in self._listed(f"{name}.")))

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}"

    def _listed(self, prefix: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._key(prefix))
        for page in pages:
            yield from (entry["Key"] for entry in page.get("Contents", []))


def _newest(name: str, file_names: Iterable[str]) -> int:
    start = name.rpartition("/")[2] + "."
    generations = [file_name[len(start) :] for file_name in file_names if file_name.startswith(start)]
    newest = max((int(generation) for generation in generations if generation.isdecimal()), default=None)
    if newest is None:
        raise KeyMissing(f"The keystore has no key {name}.")
    return newest


@contextmanager
def _file_errors() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise KeyMissing("The keystore has no such key.") from None
    except PermissionError as error:
        raise KeyRefused(f"The keystore does not let this process in: {error.strerror}.") from None
    except OSError as error:
        raise KeyUnavailable(f"The keystore can't be used: {error.strerror}.") from error


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _write_durably(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _delete(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir():
            _delete(path.iterdir())
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
        _sync_folder(path.parent)
