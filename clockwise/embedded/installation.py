"""Joining, leaving and removing an embedded installation."""

import atexit
import base64
import hashlib
import os
import secrets
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clockwise.embedded import locks
from clockwise.embedded.place import remove, runner, servers_folder
from clockwise.embedded.postgres import Postgres
from clockwise.embedded.valkey import Valkey

CHECKOUT = Path(__file__).resolve().parent.parent.parent
Migrate = Callable[[dict[str, str]], None]
# A keeper outlives the process that started it; a reference kept is what tells Python so.
_keepers: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Installation:
    root: Path
    postgres: Postgres
    valkey: Valkey

    def start(self) -> None:
        self.postgres.start()
        self.valkey.start()

    def stop(self) -> None:
        self.postgres.stop()
        self.valkey.stop()


def at(root: Path, *, durable: bool) -> Installation:
    who = runner()
    folder = servers_folder(root, who)
    return Installation(root, Postgres(root, folder, who, durable), Valkey(folder, who, durable))


def join(root: Path, *, durable: bool = True, migrate: Migrate | None = None) -> dict[str, str]:
    """Start or join the servers of `root` until this process ends, and return the environment that names them.

    `durable=False` trades safety against a crash of the machine for speed: for tests alone.
    """
    root.mkdir(mode=0o755, parents=True, exist_ok=True)
    with locks.exclusive(root / "setup.lock"):
        # Waits while a keeper is stopping the servers; from here on they are wanted.
        users = locks.share(root / "users.lock")
        # Before anything can fail, so that nothing started here is left running.
        atexit.register(_leave, root, users, os.getpid(), durable)
        _start_keeper(root, durable)
        installation = at(root, durable=durable)
        fresh = not (installation.postgres.data / "PG_VERSION").exists()
        installation.start()
        if fresh or not (root / "migrated").exists():
            installation.postgres.create_roles()
        environment = _environment(installation)
        _migrate_when_needed(root, environment, migrate or _migrate)
    return environment


def clean(root: Path) -> None:
    """Stop the servers and remove all of the installation. It must not be in use."""
    if not root.exists():
        return
    with locks.exclusive(root / "setup.lock"):
        at(root, durable=False).stop()
        remove(root)


def _leave(root: Path, users: int, joined_by: int, durable: bool) -> None:
    """The last to leave stops the servers at once; a child that was forked meanwhile isn't the one who joined."""
    if os.getpid() != joined_by or not root.exists():
        return
    with locks.exclusive(root / "setup.lock"):
        if locks.try_alone(users):
            at(root, durable=durable).stop()
    os.close(users)


def _start_keeper(root: Path, durable: bool) -> None:
    """A small process that stops the servers when their last user was killed and could not."""
    keeper = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "clockwise.embedded.keeper", str(root), "durable" if durable else "fast"],
        cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    _keepers.append(keeper)


def _environment(installation: Installation) -> dict[str, str]:
    root, postgres = installation.root, installation.postgres
    address = root / "base_url"
    return {
        "DATABASE_URL": postgres.url("cw_app"),
        "CLOCKWISE_DB_OWNER_URL": postgres.url("cw_owner"),
        "CLOCKWISE_DB_BACKUP_URL": postgres.url("cw_backup"),
        "REDIS_URL": installation.valkey.url,
        "SECRET_KEY": _secret(root / "secret-key", lambda: secrets.token_urlsafe(50)),
        "CLOCKWISE_KEY_PROVIDER": "file",
        "CLOCKWISE_KEY_FILE": str(_key_file(root)),
        "CLOCKWISE_KEYSTORE": str(_keystore(root)),
        "CLOCKWISE_BASE_URL": address.read_text() if address.exists() else "http://127.0.0.1:8000",
        "ALLOWED_HOSTS": "127.0.0.1,localhost,[::1]",
    }


def _secret(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(make())
    return path.read_text()


def _key_file(root: Path) -> Path:
    path = root / "master-keys"
    _secret(path, lambda: f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}\n")
    return path


def _keystore(root: Path) -> Path:
    path = root / "keystore"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def _migrate_when_needed(root: Path, environment: dict[str, str], migrate: Migrate) -> None:
    wanted, done = _fingerprint(), root / "migrated"
    if not done.exists() or done.read_text() != wanted:
        migrate(environment)
        done.write_text(wanted)


def _fingerprint() -> str:
    """Changes when a migration is added or edited."""
    digest = hashlib.sha256()
    for path in sorted(CHECKOUT.glob("*/**/migrations/*.py")):
        if ".venv" not in path.parts:
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _migrate(environment: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(CHECKOUT / "manage.py"), "migrate", "--verbosity", "0"],
        env={**os.environ, **environment}, cwd=CHECKOUT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"The migrations failed:\n{done.stderr.strip()}")
