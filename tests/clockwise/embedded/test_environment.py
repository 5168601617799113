"""What a process that joins gets: addresses, secrets, and what the database's roles may do."""

import base64
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis

from tests.clockwise.embedded.conftest import public_folder
from tests.clockwise.embedded.test_sharing import execute
from tests.clockwise.embedded.users import User, join


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with public_folder() as parent:
        yield parent / ".run"


@pytest.fixture(scope="module")
def joined(root: Path) -> Iterator[User]:
    user = join(root, "durable")
    yield user
    user.leave()


@pytest.fixture
def user(joined: User) -> Iterator[User]:
    """One that has joined, and a table of a migration's making."""
    execute(joined.environment["CLOCKWISE_DB_OWNER_URL"], "CREATE TABLE rows (id serial, n int UNIQUE)")
    yield joined
    execute(joined.environment["CLOCKWISE_DB_OWNER_URL"], "DROP TABLE rows")


def test_secrets_are_readable_to_their_owner_alone(user: User, root: Path) -> None:
    private = [*root.glob("*.password"), root / "secret-key", Path(user.environment["CLOCKWISE_KEY_FILE"])]

    assert len(private) == 6
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}
    assert Path(user.environment["CLOCKWISE_KEYSTORE"]).stat().st_mode & 0o777 == 0o700


def test_the_key_file_has_a_generation_and_32_random_bytes(user: User) -> None:
    [line] = Path(user.environment["CLOCKWISE_KEY_FILE"]).read_text().splitlines()
    generation, key = line.split(":")

    assert generation == "1"
    assert len(base64.b64decode(key, validate=True)) == 32


def test_the_address_is_the_one_that_the_web_has_taken(user: User, root: Path) -> None:
    assert user.environment["CLOCKWISE_BASE_URL"] == "http://127.0.0.1:8000"
    (root / "base_url").write_text("http://127.0.0.1:8003\n")

    later = join(root)

    assert later.environment["CLOCKWISE_BASE_URL"] == "http://127.0.0.1:8003"
    later.leave()


def test_nothing_listens_on_a_port_and_nobody_is_trusted(user: User, root: Path) -> None:
    valkey = redis.Redis.from_url(user.environment["REDIS_URL"])
    access = (root / "servers" / "postgres" / "pg_hba.conf").read_text()
    methods = {line.split()[-1] for line in access.splitlines() if line and not line.startswith("#")}

    assert execute(user.environment["DATABASE_URL"], "SHOW listen_addresses") == [("",)]
    assert valkey.config_get("port") == {"port": "0"}
    assert methods == {"scram-sha-256"}
    without_password = user.environment["DATABASE_URL"].split(":")[1].removeprefix("//")
    with pytest.raises(psycopg2.OperationalError, match="no password supplied"):
        execute(f"postgres://{without_password}@{user.environment['DATABASE_URL'].split('@')[1]}", "SELECT 1")


def test_valkey_saves_its_dump_where_a_test_can_read_it(user: User, root: Path) -> None:
    valkey = redis.Redis.from_url(user.environment["REDIS_URL"])
    valkey.set("name", "value")
    valkey.save()

    assert (root / "servers" / "valkey" / "dump.rdb").read_bytes().startswith(b"VALKEY")


def test_only_the_backup_role_passes_row_level_security_and_none_is_superuser(user: User) -> None:
    flags = "rolname, rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb"
    roles = execute(
        user.environment["DATABASE_URL"], f"SELECT {flags} FROM pg_roles WHERE rolname LIKE 'cw\\_%' ORDER BY rolname"
    )

    assert roles == [
        ("cw_app", False, False, True, False, False),
        ("cw_backup", False, True, True, False, False),
        ("cw_lookup", False, False, False, False, False),
        ("cw_owner", False, False, True, False, False),
    ]


def test_setting_the_roles_up_again_changes_nothing(user: User, root: Path) -> None:
    (root / "servers" / "roles").unlink()

    later = join(root)

    assert later.environment["DATABASE_URL"] == user.environment["DATABASE_URL"]
    assert execute(user.environment["DATABASE_URL"], "SELECT count(*) FROM rows") == [(0,)]
    later.leave()


def test_the_application_may_read_and_write_rows(user: User) -> None:
    url = user.environment["DATABASE_URL"]

    execute(
        url, "INSERT INTO rows (n) VALUES (1), (2); UPDATE rows SET n = 3 WHERE n = 2; DELETE FROM rows WHERE n = 1"
    )

    assert execute(url, "SELECT id, n FROM rows") == [(2, 3)]


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE rows",
        "DROP TABLE rows",
        "ALTER TABLE rows DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE mine (n int REFERENCES rows (n))",
        "CREATE TEMPORARY TABLE mine (n int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SET ROLE cw_owner",
        "SET ROLE cw_lookup",
    ],
)
def test_the_application_may_do_nothing_else(user: User, statement: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(user.environment["DATABASE_URL"], statement)


def test_the_owner_hands_a_look_up_to_the_role_that_owns_nothing_else(user: User) -> None:
    execute(
        user.environment["CLOCKWISE_DB_OWNER_URL"],
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';"
        "GRANT EXECUTE ON FUNCTION one() TO cw_app; ALTER FUNCTION one() OWNER TO cw_lookup",
    )

    assert execute(user.environment["DATABASE_URL"], "SELECT one()") == [(1,)]


def test_the_backup_reads_rows_that_the_owner_may_not_and_writes_none(user: User) -> None:
    execute(
        user.environment["CLOCKWISE_DB_OWNER_URL"],
        "INSERT INTO rows (n) VALUES (1); ALTER TABLE rows ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    )
    url = user.environment["CLOCKWISE_DB_BACKUP_URL"]

    assert execute(user.environment["CLOCKWISE_DB_OWNER_URL"], "SELECT n FROM rows") == []
    assert execute(url, "SELECT n FROM rows") == [(1,)]
    assert execute(url, "SELECT last_value FROM rows_id_seq") == [(1,)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(url, "DELETE FROM rows")
