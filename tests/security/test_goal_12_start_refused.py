"""Goal 12: an environment that can't keep the promises stops the start, and the message names what to mend."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.core.exceptions import ImproperlyConfigured

from clockwise import env
from clockwise.encryption import keys
from clockwise.env import Environment
from clockwise.start import refuse_unsafe_start
from clockwise.tenancy.checks import check_tenant_walls
from tests import installation
from tests.clockwise.encryption.conftest import key_line

ROOT = Path(__file__).resolve().parents[2]
TLS = "?sslmode=verify-full&sslrootcert=system"
GOOD = {
    "SECRET_KEY": "Wm3k0vD1-qRz8Lx7uYpTn2Bc6Ha9Se4JfGiKoXlV5yZrQtEw",
    "DATABASE_URL": f"postgres://cw_app:kX93hd2la@db.example,db2.example/clockwise{TLS}",
    "CLOCKWISE_DB_OWNER_URL": f"postgres://cw_owner:p20dKs83h@db.example/clockwise{TLS}",
    "REDIS_URL": "rediss://:d92kd0sl@cache.example:6379/0",
    "CLOCKWISE_BASE_URL": "https://clockwise.example.com",
    "CLOCKWISE_KEY_PROVIDER": "file",
    "CLOCKWISE_KEYSTORE": "s3://keys/clockwise",
}
# What is wrong, and which variable the message must name.
BAD: dict[str, tuple[dict[str, str], str]] = {
    "no secret key": ({"SECRET_KEY": ""}, "SECRET_KEY"),
    "a short secret key": ({"SECRET_KEY": "kZ8pQ2"}, "SECRET_KEY"),
    "a default secret key": ({"SECRET_KEY": "django-insecure-" + GOOD["SECRET_KEY"]}, "SECRET_KEY"),
    "a secret key of one letter": ({"SECRET_KEY": "a" * 50}, "SECRET_KEY"),
    "debugging": ({"DEBUG": "1"}, "DEBUG"),
    "a word for debugging": ({"DEBUG": "yes"}, "DEBUG"),
    "no database": ({"DATABASE_URL": ""}, "DATABASE_URL"),
    "another database system": ({"DATABASE_URL": "sqlite:///x"}, "DATABASE_URL"),
    "no TLS to the database": (
        {"DATABASE_URL": "postgres://cw_app:kX93hd2la@db.example/c?sslmode=disable"},
        "DATABASE_URL",
    ),
    "TLS to the database without verification": (
        {"DATABASE_URL": "postgres://cw_app:kX93hd2la@db.example/c?sslmode=require"},
        "DATABASE_URL",
    ),
    "one of two database hosts off loopback": (
        {"DATABASE_URL": "postgres://cw_app:kX93hd2la@localhost,db.example/c"},
        "DATABASE_URL",
    ),
    "a hidden address of the database": (
        {"DATABASE_URL": "postgres://cw_app:kX93hd2la@localhost/c?hostaddr=192.0.2.7"},
        "DATABASE_URL",
    ),
    "a default password": ({"DATABASE_URL": f"postgres://cw_app:postgres@db.example/c{TLS}"}, "DATABASE_URL"),
    "the owner as the application": ({"DATABASE_URL": GOOD["CLOCKWISE_DB_OWNER_URL"]}, "DATABASE_URL"),
    "no TLS to the database for migrations": (
        {"CLOCKWISE_DB_OWNER_URL": "postgres://cw_owner:p20dKs83h@db.example/c"},
        "CLOCKWISE_DB_OWNER_URL",
    ),
    "no redis": ({"REDIS_URL": ""}, "REDIS_URL"),
    "no TLS to redis": ({"REDIS_URL": "redis://cache.example:6379/0"}, "REDIS_URL"),
    "TLS to redis without verification": (
        {"REDIS_URL": "rediss://cache.example:6379/0?ssl_cert_reqs=none"},
        "REDIS_URL",
    ),
    "no address": ({"CLOCKWISE_BASE_URL": ""}, "CLOCKWISE_BASE_URL"),
    "a plain address": ({"CLOCKWISE_BASE_URL": "http://clockwise.example.com"}, "CLOCKWISE_BASE_URL"),
    "any host name": ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
    "no key provider": ({"CLOCKWISE_KEY_PROVIDER": ""}, "CLOCKWISE_KEY_PROVIDER"),
    "an unknown key provider": ({"CLOCKWISE_KEY_PROVIDER": "vault"}, "CLOCKWISE_KEY_PROVIDER"),
    "no key file": ({"CLOCKWISE_KEY_FILE": ""}, "CLOCKWISE_KEY_FILE"),
    "a missing key file": ({"CLOCKWISE_KEY_FILE": "/nowhere/master-keys"}, "CLOCKWISE_KEY_FILE"),
    "a folder as key file": ({"CLOCKWISE_KEY_FILE": "/tmp"}, "CLOCKWISE_KEY_FILE"),
    "no key of the key service": ({"CLOCKWISE_KEY_PROVIDER": "kms"}, "CLOCKWISE_KMS_KEY_ID"),
    "no keystore": ({"CLOCKWISE_KEYSTORE": ""}, "CLOCKWISE_KEYSTORE"),
    "plain http to Google": ({"GOOGLE_TOKEN_URI": "http://google.example/token"}, "GOOGLE_TOKEN_URI"),
    "plain http to AWS": ({"AWS_ENDPOINT_URL": "http://aws.example"}, "AWS_ENDPOINT_URL"),
    "plain http for OAuth": ({"OAUTHLIB_INSECURE_TRANSPORT": "1"}, "OAUTHLIB_INSECURE_TRANSPORT"),
    "an unknown plan": ({"CLOCKWISE_PLAN": "gold"}, "CLOCKWISE_PLAN"),
}


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "master-keys"
    path.touch(mode=0o600)
    path.write_text(key_line(1) + "\n")
    return path


def start(values: dict[str, str]) -> None:
    """What settings.py asks of the environment, in its order."""
    environment = Environment(values)
    environment.refuse_unsafe()
    _ = (environment.secret_key, environment.allowed_hosts, environment.plan, environment.keystore)


def test_goal_12_a_good_environment_starts(key_file: Path) -> None:
    start(GOOD | {"CLOCKWISE_KEY_FILE": str(key_file)})


@pytest.mark.parametrize("bad", BAD)
def test_goal_12_a_bad_environment_is_refused_by_name(bad: str, key_file: Path) -> None:
    changed, named = BAD[bad]
    with pytest.raises(ImproperlyConfigured, match=f"^{named} "):
        start(GOOD | {"CLOCKWISE_KEY_FILE": str(key_file)} | changed)


def test_goal_12_a_key_file_that_others_may_read_is_refused(key_file: Path) -> None:
    key_file.chmod(0o640)
    with pytest.raises(ImproperlyConfigured, match=r"^CLOCKWISE_KEY_FILE .*chmod 600"):
        start(GOOD | {"CLOCKWISE_KEY_FILE": str(key_file)})


def test_goal_12_control_without_the_refusals_a_bad_environment_starts(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(env.Environment, "refuse_unsafe", lambda self: None)
    start(GOOD | {"CLOCKWISE_KEY_FILE": str(key_file), "DEBUG": "1", "REDIS_URL": "redis://cache.example/0"})


def test_goal_12_on_loopback_plain_http_and_no_tls_are_fine(key_file: Path) -> None:
    start(
        GOOD
        | {
            "CLOCKWISE_KEY_FILE": str(key_file),
            "CLOCKWISE_BASE_URL": "http://127.0.0.1:8000",
            "DATABASE_URL": "postgres://cw_app:x@localhost/clockwise",
            "CLOCKWISE_DB_OWNER_URL": "postgres://cw_owner:x@localhost/clockwise",
            "REDIS_URL": "redis://localhost:6379/0",
            "DEBUG": "1",
        }
    )


@pytest.mark.parametrize("spoil", [b"", b"1:c2hvcnQ=\n", b"not a key\n", b"1:" + b"A" * 44 + b"\n1:" + b"A" * 44])
def test_goal_12_a_missing_or_short_master_key_stops_web_and_worker(
    spoil: bytes, tmp_path: Path, settings: Any, database: None
) -> None:
    (tmp_path / "master-keys").touch(mode=0o600)
    (tmp_path / "master-keys").write_bytes(spoil)
    settings.CLOCKWISE_KEY_FILE = str(tmp_path / "master-keys")
    keys.forget_all()
    with pytest.raises(ImproperlyConfigured, match=r"encryption\.E001.*key file|key file"):
        refuse_unsafe_start()


@pytest.mark.parametrize("entry", ["clockwise.wsgi", "clockwise.celery"])
def test_goal_12_the_processes_themselves_do_not_start(entry: str, tmp_path: Path) -> None:
    """A worker of the real command line and the web's module, under the tests' services and a widened keystore."""
    keystore = tmp_path / "keystore"
    keystore.mkdir(mode=0o755)
    command = {
        "clockwise.wsgi": [sys.executable, "-c", "import clockwise.wsgi"],
        "clockwise.celery": [sys.executable, "-m", "celery", "-A", "clockwise.celery", "worker", "--pool", "solo"],
    }[entry]
    done = subprocess.run(
        command,
        env={**os.environ, "CLOCKWISE_KEYSTORE": str(keystore)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode != 0
    assert "encryption.E001" in done.stderr
    assert "chmod 700" in done.stderr


def test_goal_12_a_mighty_database_role_stops_the_start(database: None) -> None:
    """The role itself is changed, as an operator in a hurry would."""
    address = urlsplit(os.environ["DATABASE_URL"])
    root = installation.FOLDER / "postgres.password"
    superuser = urlunsplit(address._replace(netloc=f"postgres:{root.read_text()}@{address.netloc.rsplit('@', 1)[1]}"))
    import psycopg2

    with psycopg2.connect(superuser) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER ROLE cw_app BYPASSRLS")
        connection.commit()
        try:
            assert [error.id for error in check_tenant_walls(None, ["default"])] == ["tenancy.E003"]
            with pytest.raises(ImproperlyConfigured, match="cw_app"):
                refuse_unsafe_start()
        finally:
            cursor.execute("ALTER ROLE cw_app NOBYPASSRLS")
            connection.commit()
    connection.close()
    assert check_tenant_walls(None, ["default"]) == []
