"""Joining, leaving and removing an embedded installation."""

import atexit
import base64
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from clockwise.embedded import locks
from clockwise.embedded.place import existing_folder, make_folder, runner, write_private
from clockwise.embedded.postgres import ROLES, Postgres
from clockwise.embedded.valkey import Valkey

CHECKOUT = Path(__file__).resolve().parent.parent.parent
APPS = ("clockwise", "calendars", "scheduling", "scim", "privacy")
MIGRATION_SECONDS = 300
Migrate = Callable[[dict[str, str]], None]


class InUse(Exception):
    """Somebody uses the servers, so that they can't be removed."""


@dataclass(frozen=True)
class Installation:
    root: Path
    folder: Path
    postgres: Postgres
    valkey: Valkey

    def start(self) -> None:
        self.postgres.start()
        self.valkey.start()

    def stop(self) -> None:
        self.postgres.stop()
        self.valkey.stop()


def join(root: Path, *, durable: bool = True, migrate: Migrate | None = None) -> dict[str, str]:
    """Start or join the servers of `root` until this process ends, and return the environment that names them.

    `durable=False` trades safety against a crash of the machine for speed: for tests alone.
    Raises RuntimeError, in words for people, when a server or a migration fails.
    """
    root = root.resolve()
    with locks.exclusive(root / "setup.lock"):
        # Waits while a keeper is stopping the servers; from here on they are wanted.
        users = locks.share(root / "users.lock")
        atexit.register(_leave, root, users, os.getpid(), durable)
        _start_keeper(root, durable)
        installation = find(root, durable=durable) or _at(root, make_folder(root), durable)
        installation.start()
        folder, environment = installation.folder, _environment(installation)
        _once_for(folder / "roles", _digest([ROLES]), installation.postgres.create_roles)
        _once_for(folder / "migrations", _digest(_migrations()), lambda: (migrate or _migrate)(environment))
    return environment


def clean(root: Path) -> None:
    """Stop the servers and remove all of the installation, and of those in folders below it.

    Raises InUse while a process uses it.
    """
    root = root.resolve()
    for below in list(root.glob("*/setup.lock")):
        clean(below.parent)
    if not root.exists():
        return
    with locks.exclusive(root / "setup.lock"):
        users = locks.take_if_unused(root / "users.lock")
        if users is None:
            raise InUse(f"{root} is in use. Stop what uses it (make demo, make run, make test) first.")
        if installation := find(root, durable=False):
            installation.stop()
            shutil.rmtree(installation.folder)
        shutil.rmtree(root)
        os.close(users)


def find(root: Path, *, durable: bool) -> Installation | None:
    folder = existing_folder(root)
    return _at(root, folder, durable) if folder else None


def _at(root: Path, folder: Path, durable: bool) -> Installation:
    who = runner(folder)
    return Installation(root, folder, Postgres(root, folder, who, durable), Valkey(folder, who, durable))


def _leave(root: Path, users: int, joined_by: int, durable: bool) -> None:
    """The last to leave stops the servers at once; a child that was forked meanwhile isn't the one who joined."""
    if os.getpid() != joined_by or not root.exists():
        return
    with locks.exclusive(root / "setup.lock"):
        os.close(users)
        alone = locks.take_if_unused(root / "users.lock")
        if alone is None:
            return
        if installation := find(root, durable=durable):
            installation.stop()
        os.close(alone)


def _start_keeper(root: Path, durable: bool) -> None:
    """A small process that stops the servers when their last user was killed and could not."""
    lock = locks.open_lock(root / "keeper.lock")
    if locks.try_alone(lock):
        command = [sys.executable, "-m", "clockwise.embedded.keeper", str(root), str(lock)]
        keeper = subprocess.Popen(  # noqa: S603
            [*command, "durable" if durable else "fast"], cwd=CHECKOUT, pass_fds=[lock], start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        keeper.returncode = 0  # it outlives this process on purpose, of which Python would warn
    os.close(lock)


def _environment(installation: Installation) -> dict[str, str]:
    root, postgres = installation.root, installation.postgres
    address, keys, keystore = root / "base_url", root / "master-keys", root / "keystore"
    keystore.mkdir(mode=0o700, exist_ok=True)
    _secret(keys, lambda: f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}\n")
    return {
        "DATABASE_URL": postgres.url("cw_app"),
        "CLOCKWISE_DB_OWNER_URL": postgres.url("cw_owner"),
        "CLOCKWISE_DB_BACKUP_URL": postgres.url("cw_backup"),
        "REDIS_URL": installation.valkey.url,
        "SECRET_KEY": _secret(root / "secret-key", lambda: secrets.token_urlsafe(50)),
        "CLOCKWISE_KEY_PROVIDER": "file",
        "CLOCKWISE_KEY_FILE": str(keys),
        "CLOCKWISE_KEYSTORE": str(keystore),
        "CLOCKWISE_BASE_URL": address.read_text().strip() if address.exists() else "http://127.0.0.1:8000",
        "ALLOWED_HOSTS": "127.0.0.1,localhost,[::1]",
    }


def _secret(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        write_private(path, make())
    return path.read_text()


def _once_for(stamp: Path, wanted: str, act: Callable[[], None]) -> None:
    """Act unless that was done for the same state. The stamp lies beside the data that it speaks of."""
    if not stamp.exists() or stamp.read_text() != wanted:
        act()
        write_private(stamp, wanted)


def _migrations() -> list[Path]:
    return sorted(path for app in APPS for path in (CHECKOUT / app).glob("**/migrations/*.py"))


def _digest(files: list[Path]) -> str:
    """Changes with a file's name or content, and with Django, which brings migrations of its own."""
    digest = hashlib.sha256(version("django").encode())
    for path in files:
        digest.update(str(path.relative_to(CHECKOUT)).encode() + path.read_bytes())
    return digest.hexdigest()


def _migrate(environment: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(CHECKOUT / "manage.py"), "migrate", "--verbosity", "0"],
        env={**os.environ, **environment}, cwd=CHECKOUT, capture_output=True, text=True, timeout=MIGRATION_SECONDS,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"The migrations failed:\n{done.stderr.strip()}")
