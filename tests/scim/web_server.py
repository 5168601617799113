"""The web as it is run in production, several processes of several threads, for tests that need the real thing."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 60


@contextmanager
def serving(*, workers: int = 2, threads: int = 16, **environment: str) -> Iterator[int]:
    """The port on which it answers, over the tests' own installation."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    settings = {**os.environ, "CLOCKWISE_BASE_URL": f"http://127.0.0.1:{port}", **environment}
    with tempfile.TemporaryDirectory(prefix="clockwise-web-") as folder:
        command = [sys.executable, "-m", "gunicorn", "clockwise.wsgi", "--bind", f"127.0.0.1:{port}"]
        command += ["--workers", str(workers), "--threads", str(threads), "--keep-alive", "60", "--log-level", "error"]
        command += ["--access-logfile", "/dev/null", "--no-control-socket", "--worker-tmp-dir", folder]
        server = subprocess.Popen(command, cwd=ROOT, env=settings)
        try:
            _wait_until_it_answers(port, server)
            yield port
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_until_it_answers(port: int, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return
        time.sleep(0.1)
    raise AssertionError("The web didn't start.")
