"""Keys of the test's own, and moto's AWS over HTTP."""

import base64
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import boto3
import pytest
from pytest_django import Settings

from clockwise.encryption import keys
from clockwise.encryption.keys import KeyOwner


def write_key_file(path: Path, *lines: str) -> Path:
    """A key file of mode 0600; without lines, one with a new generation 1."""
    path.touch(mode=0o600)
    path.write_text("".join(line + "\n" for line in lines or [key_line(1)]))
    return path


def key_line(generation: int) -> str:
    return f"{generation}:{base64.b64encode(os.urandom(32)).decode()}"


@pytest.fixture
def key_settings(tmp_path: Path, settings: Settings) -> Iterator[Settings]:
    """An empty keystore folder and a key file of this test alone."""
    (tmp_path / "keystore").mkdir(mode=0o700)
    settings.CLOCKWISE_KEY_PROVIDER = "file"
    settings.CLOCKWISE_KEY_FILE = str(write_key_file(tmp_path / "master-keys"))
    settings.CLOCKWISE_KEYSTORE = str(tmp_path / "keystore")
    keys.forget_all()
    yield settings
    keys.forget_all()


@dataclass(frozen=True)
class People:
    """Ada and Ben are of one organization, Mallory is of another."""

    organization: KeyOwner
    ada: KeyOwner
    ben: KeyOwner
    other_organization: KeyOwner
    mallory: KeyOwner


@pytest.fixture
def people(key_settings: Settings) -> People:
    ours, theirs = uuid4(), uuid4()
    keys.create_organization_key(ours)
    keys.create_organization_key(theirs)
    return People(KeyOwner(ours, None), _member(ours), _member(ours), KeyOwner(theirs, None), _member(theirs))


def _member(organization_id: UUID) -> KeyOwner:
    member_id = uuid4()
    keys.create_member_key(organization_id, member_id)
    return KeyOwner(organization_id, member_id)


@pytest.fixture
def kms_key_id(aws: None) -> str:
    return boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]


@pytest.fixture
def bucket(aws: None) -> str:
    """The address of an empty prefix in a new bucket."""
    name = f"keys-{uuid4()}"
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return f"s3://{name}/clockwise"


@pytest.fixture
def monotonic(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the process's clock on by so many seconds."""
    elapsed = [0.0]
    monkeypatch.setattr("clockwise.encryption.unwrapped.time.monotonic", lambda: 1_000_000.0 + elapsed[0])

    def advance(seconds: float) -> None:
        elapsed[0] += seconds

    return advance


@pytest.fixture
def add_generation() -> Callable[[KeyOwner], None]:
    """Adds a second generation to an organization's key, as a rotation does."""

    def add(owner: KeyOwner) -> None:
        name = keys._name(owner, 2)
        keys._keystore().create(name, keys._master_key().wrap(os.urandom(32), keys._context(name)))
        keys.forget_all()

    return add
