"""One contract for both keystores, then what each has of its own."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clockwise.encryption import keystore
from clockwise.encryption.errors import KeyMissing, KeyRefused, KeyUnavailable
from clockwise.encryption.keystore import FolderKeystore, Keystore, S3Keystore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "keystore"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest) -> Keystore:
    fixture = {"folder": "folder", "s3": "bucket"}[request.param]
    return keystore.at(str(request.getfixturevalue(fixture)))


def test_what_is_created_is_there(store: Keystore) -> None:
    assert store.create("org/members/ada.1", b"wrapped") == b"wrapped"
    assert store.get("org/members/ada.1") == b"wrapped"


def test_a_key_is_never_replaced(store: Keystore) -> None:
    store.create("installation.1", b"first")

    assert store.create("installation.1", b"second") == b"first"
    assert store.get("installation.1") == b"first"


def test_two_writers_end_up_with_the_same_key(store: Keystore) -> None:
    start = threading.Barrier(8)

    def write(number: int) -> bytes:
        start.wait()
        return store.create("org/organization.1", bytes([number]) * 32)

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(write, range(8)))

    assert answers == {store.get("org/organization.1")}


def test_an_absent_key_is_missing(store: Keystore) -> None:
    with pytest.raises(KeyMissing):
        store.get("org/organization.1")
    with pytest.raises(KeyMissing):
        store.newest_generation("org/organization")


def test_the_newest_generation_is_counted_not_spelled(store: Keystore) -> None:
    for generation in (1, 2, 9, 10):
        store.create(f"org/organization.{generation}", b"wrapped")
    store.create("org/organization-of-another-name.11", b"wrapped")

    assert store.newest_generation("org/organization") == 10


def test_a_prefix_is_deleted_and_nothing_else(store: Keystore) -> None:
    for name in (
        "org/members/ada.1",
        "org/members/ada.2",
        "org/members/ada-too.1",
        "org/organization.1",
        "other/organization.1",
    ):
        store.create(name, b"wrapped")

    store.delete_prefix("org/members/ada.")

    for name in ("org/members/ada.1", "org/members/ada.2"):
        with pytest.raises(KeyMissing):
            store.get(name)
    assert store.get("org/members/ada-too.1") == store.get("org/organization.1") == b"wrapped"

    store.delete_prefix("org/")

    with pytest.raises(KeyMissing):
        store.get("org/members/ada-too.1")
    assert store.get("other/organization.1") == b"wrapped"


def test_deleting_what_is_not_there_is_fine(store: Keystore) -> None:
    store.delete_prefix("nobody/members/ada.")
    store.delete_prefix("nobody/")


def test_files_and_folders_are_their_owners_alone(folder: Path) -> None:
    FolderKeystore(folder).create("org/members/ada.1", b"wrapped")

    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.rglob("*")}

    assert modes == {"org": 0o700, "members": 0o700, "ada.1": 0o600}


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o777, 0o710])
def test_a_folder_open_to_others_is_refused(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    store = FolderKeystore(folder)

    with pytest.raises(KeyRefused, match="chmod 700"):
        store.get("installation.1")
    with pytest.raises(KeyRefused, match="chmod 700"):
        store.create("installation.1", b"wrapped")
    with pytest.raises(KeyRefused, match="chmod 700"):
        store.delete_prefix("org/")


def test_a_folder_that_is_not_there_is_refused_not_made(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="mkdir -m 700"):
        FolderKeystore(tmp_path / "none").create("installation.1", b"wrapped")

    assert not (tmp_path / "none").exists()


def test_a_full_disk_is_a_passing_trouble_and_leaves_no_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("clockwise.encryption.keystore.os.fsync", full)

    with pytest.raises(KeyUnavailable, match="No space left"):
        FolderKeystore(folder).create("installation.1", b"wrapped")

    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("address", ["s3://bucket", "s3:///prefix", "s3://bucket/"])
def test_a_malformed_address_is_refused(address: str) -> None:
    with pytest.raises(KeyRefused, match="s3://bucket/prefix"):
        S3Keystore(address)


def test_a_bucket_that_does_not_answer_is_unavailable(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    with pytest.raises(KeyUnavailable):
        S3Keystore("s3://bucket/prefix").get("installation.1")


def test_a_key_is_rewrapped_in_its_place(store: Keystore) -> None:
    store.create("org/organization.1", b"before")
    store.rewrap("org/organization.1", lambda wrapped: wrapped + b" and after")
    assert store.get("org/organization.1") == b"before and after"
    with pytest.raises(KeyMissing):
        store.rewrap("org/organization.2", lambda wrapped: wrapped)


def test_a_key_that_is_deleted_while_it_is_rewrapped_stays_deleted(store: Keystore) -> None:
    store.create("org/organization.1", b"before")

    def shred(wrapped: bytes) -> bytes:
        store.delete_prefix("org/")
        return wrapped

    with pytest.raises((KeyMissing, KeyUnavailable)):
        store.rewrap("org/organization.1", shred)
    with pytest.raises(KeyMissing):
        store.get("org/organization.1")


def test_every_name_is_listed_and_nothing_else(store: Keystore) -> None:
    names = {"installation.1", "org/organization.1", "org/organization.2", "org/members/ada.1"}
    for name in names:
        store.create(name, b"wrapped")
    store.rewrap("installation.1", lambda wrapped: wrapped)
    assert set(store.names()) == names
