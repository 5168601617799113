"""Goal 5: tasks of a prefork worker see their own organization's rows, whatever ran before them in that process."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from clockwise.celery import app
from clockwise.tenancy import current, tasks
from tests.organizations import Pair
from tests.security import worker

ROOT = Path(__file__).resolve().parents[2]
LONGEST_SECONDS = 1800


@contextmanager
def running_worker() -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "tests.security.worker", "worker", "--queues", worker.QUEUE]
    command += ["--concurrency", "4", "--loglevel", "CRITICAL", "--without-gossip", "--without-mingle"]
    process = subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def send(pair: Pair, count: int) -> tuple[int, int]:
    """Send a mixture. Returns how many runs end, and how many of them look around."""
    dice, ended, seen = random.Random(5), 0, 0
    for _ in range(count):
        organization_id = dice.choice([pair.organization_id, pair.other_organization_id])
        mode = dice.choices(["ok", "fail", "retry", "nobody"], [80, 8, 2, 10])[0]
        if mode == "nobody":
            # As somebody with access to the broker would: past apply_async, which refuses it.
            app.send_task("tests.goal_05", [str(organization_id), "ok"], queue=worker.QUEUE)
        else:
            with current.acting_for(organization_id):
                worker.look_around.apply_async([str(organization_id), mode], queue=worker.QUEUE)
        ended += 2 if mode == "retry" else 1
        seen += {"ok": 1, "fail": 1, "retry": 2, "nobody": 0}[mode]
    return ended, seen


def look(pair: Pair, count: int) -> list[tuple[str, list[str]]]:
    store = worker.store()
    store.delete(worker.SEEN, worker.ENDED, worker.QUEUE)
    ended, seen = send(pair, count)
    with running_worker():
        deadline = time.monotonic() + LONGEST_SECONDS
        while int(store.get(worker.ENDED) or 0) < ended:
            assert time.monotonic() < deadline, "The worker does not finish."
            time.sleep(0.2)
    found = [tuple(json.loads(line)) for line in store.lrange(worker.SEEN, 0, -1)]
    store.delete(worker.SEEN, worker.ENDED)
    assert len(found) == seen  # those without an organization never ran
    return found


def leaks(found: list[tuple[str, list[str]]]) -> list[tuple[str, list[str]]]:
    return [(expected, seen) for expected, seen in found if seen != [expected]]


def test_goal_05_no_task_sees_another_organization(pair: Pair) -> None:
    assert leaks(look(pair, 300)) == []


@pytest.mark.long
def test_goal_05_none_of_twenty_thousand_tasks_sees_another_organization(pair: Pair) -> None:
    assert leaks(look(pair, 20_000)) == []


def test_goal_05_a_task_for_an_organization_that_there_is_not_sees_nothing(pair: Pair) -> None:
    with current.acting_for(uuid4()), current.transaction():
        from clockwise.organizations.models import Member

        assert list(Member.objects.all()) == []


def test_goal_05_control_a_worker_that_keeps_its_organization_leaks(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that runs without a header takes what ran before it: the mistake that the context forbids."""
    before: list[UUID] = []

    def run_here(self: tasks.TenantTask, *args: object, **kwargs: object) -> object:
        with current.acting_for(before[-1]):
            return self.run(*args, **kwargs)

    monkeypatch.setattr(tasks.TenantTask, "_run_here", run_here)
    before.append(pair.other_organization_id)
    store = worker.store()
    store.delete(worker.SEEN)
    worker.look_around(str(pair.organization_id), "ok")
    found = [tuple(json.loads(line)) for line in store.lrange(worker.SEEN, 0, -1)]
    store.delete(worker.SEEN)
    assert leaks(found) == [(str(pair.organization_id), [str(pair.other_organization_id)])]
