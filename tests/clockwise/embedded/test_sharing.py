"""Who starts, shares and stops the servers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest
import redis

from clockwise import embedded
from clockwise.embedded.clean_up import IN_USE
from tests.clockwise.embedded.users import CHECKOUT, JOIN, STAY, join, servers_of, wait_until_stopped


def test_the_second_joins_what_the_first_started_and_the_last_to_leave_stops_it(
    root: Path, account: str | None
) -> None:
    first = join(root, account=account)
    running = servers_of(root)
    second = join(root, account=account)

    assert second.environment == first.environment | {"MIGRATED": "0"}
    assert servers_of(root) == running
    first.leave()
    assert answers(second.environment)
    second.leave()
    assert [pid for pid in servers_of(root) if pid != keeper_of(running)] == []
    wait_until_stopped(root)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_last_user_is_killed(root: Path, ending: signal.Signals) -> None:
    user = join(root)
    other = join(root)

    other.end(signal.SIGKILL)
    assert answers(user.environment)
    user.end(ending)

    wait_until_stopped(root)


def test_a_forked_child_keeps_the_servers_while_it_lives(root: Path) -> None:
    program = JOIN + "\nif os.fork() == 0:\n    sys.stdin.read()\n    os._exit(0)\n"
    parent = join(root, program=program)
    parent.process.wait(timeout=30)

    assert answers(parent.environment)
    parent.process.communicate(timeout=30)

    wait_until_stopped(root)


def test_killed_servers_and_keeper_are_healed_by_the_next_to_join_with_their_rows(root: Path) -> None:
    first = join(root, "durable")
    execute(first.environment["CLOCKWISE_DB_OWNER_URL"], "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")
    for pid in servers_of(root):
        os.kill(pid, signal.SIGKILL)

    second = join(root, "durable")

    assert execute(second.environment["DATABASE_URL"], "SELECT n FROM kept") == [(1,)]
    assert answers(first.environment)
    first.leave()
    second.end(signal.SIGKILL)
    wait_until_stopped(root)


def test_a_process_that_got_a_killed_servers_id_is_neither_taken_for_it_nor_hurt(root: Path) -> None:
    join(root).leave()
    wait_until_stopped(root)
    bystander = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    pid_file = root / "servers" / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{bystander.pid}\n{pid_file.parent}\n")

    user = join(root)

    assert answers(user.environment)
    user.leave()
    assert bystander.poll() is None
    bystander.communicate()


def test_a_first_start_that_was_killed_begins_again(root: Path) -> None:
    starting = subprocess.Popen(
        [sys.executable, "-c", STAY, str(root)], cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    while not list(root.glob("servers/initdb-*")):
        assert starting.poll() is None
        time.sleep(0.005)
    starting.kill()
    starting.communicate()

    user = join(root)

    assert answers(user.environment)
    assert list((root / "servers").glob("initdb-*")) == []
    user.leave()


def test_two_installations_do_not_know_of_each_other(parent: Path) -> None:
    one, two = join(parent / "one"), join(parent / "two")
    execute(one.environment["CLOCKWISE_DB_OWNER_URL"], "CREATE TABLE ours ()")

    one.leave()

    assert execute(two.environment["DATABASE_URL"], "SELECT to_regclass('ours')") == [(None,)]
    assert one.environment["SECRET_KEY"] != two.environment["SECRET_KEY"]
    two.leave()


def test_a_failed_migration_is_told_stops_the_servers_and_is_tried_again(root: Path) -> None:
    failing = STAY.replace("migrated.append(1)", "1 / 0")
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        join(root, program=failing)
    wait_until_stopped(root)

    user = join(root)

    assert user.environment["MIGRATED"] == "1"
    user.leave()


def test_an_installation_in_use_is_not_removed(root: Path) -> None:
    user = join(root)

    with pytest.raises(embedded.InUse, match=r"\.run is in use"):
        embedded.clean(root)
    refused = subprocess.run([sys.executable, "-m", "clockwise.embedded.clean_up", str(root)], cwd=CHECKOUT)
    assert refused.returncode == IN_USE

    assert answers(user.environment)
    user.leave()


def test_removing_a_folder_removes_the_installations_below_it(parent: Path) -> None:
    join(parent / "all" / "demo").end(signal.SIGKILL)
    join(parent / "all").leave()

    subprocess.run([sys.executable, "-m", "clockwise.embedded.clean_up", str(parent / "all")], cwd=CHECKOUT, check=True)

    assert list(parent.iterdir()) == []
    wait_until_stopped(parent)


def answers(environment: dict[str, str]) -> bool:
    return execute(environment["DATABASE_URL"], "SELECT 1") == [(1,)] and bool(
        redis.Redis.from_url(environment["REDIS_URL"]).ping()
    )


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url, connect_timeout=5)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def keeper_of(running: list[int]) -> int:
    [keeper] = [pid for pid in running if b"keeper" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return keeper
