"""Goal 7: after the main job no word and no token lies in a dump, in data files, in WAL, in Redis, or in the log.

Eight encodings: plain, hex in both cases, URL-quoted, UTF-16, and base64 at each of its three offsets.
"""

import io
import logging
import os
import time
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg2
import pytest

from calendars.models import Event
from clockwise.embedded.installation import find
from clockwise.logs import CleanFormatter
from tests import installation
from tests.company import MONDAY, Company, meeting
from tests.security import test_no_plaintext_at_rest as at_rest


@pytest.fixture(autouse=True)
def _own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words of this test alone: data files keep what earlier tests, and their controls, wrote."""
    for name in ("TITLE", "PLACE", "WORDS", "LINK"):
        monkeypatch.setattr(at_rest, name, f"canary{uuid4().hex}")


def forms(word: str) -> list[bytes]:
    return [*at_rest.encodings(word), word.encode().hex().upper().encode(), word.encode("utf-16-le")]


def found(words: list[str], content: bytes) -> list[str]:
    return [word for word in words if any(form in content for form in forms(word))]


def data_files(since: float) -> dict[str, bytes]:
    """Every file of the data folder that was written since then: tables, indexes, WAL, statistics, the server's log."""
    address = urlsplit(os.environ["DATABASE_URL"])
    place = address.netloc.rsplit("@", 1)[1]
    superuser = address._replace(netloc=f"postgres:{(installation.FOLDER / 'postgres.password').read_text()}@{place}")
    with psycopg2.connect(urlunsplit(superuser)) as connection, connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
    connection.close()
    here = find(installation.FOLDER, durable=False)
    assert here is not None
    folder = here.postgres.folder
    files = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_mtime >= since]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_goal_07_no_plaintext_anywhere(company: Company) -> None:
    since, log = time.time() - 1, io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setFormatter(CleanFormatter("%(message)s"))
    logging.getLogger().addHandler(handler)
    try:
        words = at_rest.main_job(company)
    finally:
        logging.getLogger().removeHandler(handler)
    files = data_files(since)
    assert any("pg_wal/" in name for name in files)
    assert any("/base/" in name for name in files)
    assert {name: lying for name, content in files.items() if (lying := found(words, content))} == {}
    assert found(words, at_rest.postgres_dump()) == []
    assert found(words, at_rest.redis_dump()) == []
    assert found(words, log.getvalue().encode()) == []


def test_goal_07_control_a_word_in_the_clear_is_found_in_data_files_and_wal(company: Company) -> None:
    since, word = time.time() - 1, f"canary{uuid4().hex}"
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada"))
    company.sync("ada")
    with company.inside():
        Event.objects.update(etag=word)
    lying = {name.split("/")[1] for name, content in data_files(since).items() if found([word], content)}
    assert {"base", "pg_wal"} <= lying


@pytest.mark.parametrize(
    "encode", [lambda raw: raw.hex().upper().encode(), lambda raw: raw.decode().encode("utf-16-le")]
)
def test_goal_07_each_further_encoding_is_recognized(encode: object) -> None:
    word = f"canary{uuid4().hex}"
    assert found([word], b"before" + encode(word.encode()) + b"after") == [word]  # type: ignore[operator]
