"""Processes that use an embedded installation, as tests start and end them."""

import atexit
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 30
MODULES = os.pathsep.join([str(CHECKOUT), sysconfig.get_path("purelib")])

JOIN = """
import json, os, sys, time
from pathlib import Path
from clockwise import embedded
migrated = []
environment = embedded.join(Path(sys.argv[1]), durable="durable" in sys.argv, migrate=lambda _: migrated.append(1))
print(json.dumps(environment | {"MIGRATED": str(len(migrated))}), flush=True)
"""
STAY = JOIN + "sys.stdin.read()\n"

_started: list[subprocess.Popen[str]] = []


@dataclass
class User:
    """A process that has joined the installation at `root`, until it leaves or is killed."""

    process: subprocess.Popen[str]
    environment: dict[str, str] = field(default_factory=dict)

    def leave(self) -> None:
        self.process.communicate(timeout=PATIENCE_SECONDS)
        assert self.process.returncode == 0

    def end(self, by: signal.Signals) -> None:
        self.process.send_signal(by)
        self.process.communicate(timeout=PATIENCE_SECONDS)


def join(root: Path, *options: str, program: str = STAY, account: str | None = None) -> User:
    """Start a user and wait until it has joined."""
    python = interpreter(account)
    libraries = Path(python).parent.parent / "lib"
    process = subprocess.Popen(
        [python, "-X", "dev", "-c", program, str(root), *options], cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": MODULES, "LD_LIBRARY_PATH": str(libraries)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        user=account, group=_group(account),
    )  # fmt: skip
    _started.append(process)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise AssertionError(process.communicate(timeout=PATIENCE_SECONDS)[1])
    return User(process, json.loads(line))


def end_all() -> None:
    """For after a test: kill those that are left."""
    while _started:
        with _started.pop() as process:
            process.kill()


@cache
def interpreter(account: str | None) -> str:
    """A Python that the account may run: ours, or a copy of it when ours lies in a private folder."""
    if account is None or _runs(sys.executable, account):
        return sys.executable
    copy = Path(tempfile.mkdtemp(prefix="cw-python-", dir="/tmp"))
    atexit.register(shutil.rmtree, copy)
    copy.chmod(0o755)
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    without = shutil.ignore_patterns("test", "tests", "site-packages", "idlelib", "__pycache__")
    shutil.copytree(Path(sys.base_prefix, "lib", name), copy / "lib" / name, ignore=without)
    for library in Path(sys.base_prefix, "lib").glob("libpython*"):
        shutil.copy2(library, copy / "lib")
    (copy / "bin").mkdir()
    return str(shutil.copy2(Path(sys.executable).resolve(), copy / "bin" / name))


def _runs(program: str, account: str) -> bool:
    try:
        subprocess.run([program, "-c", ""], user=account, group=_group(account), check=True, timeout=PATIENCE_SECONDS)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _group(account: str | None) -> int | None:
    return pwd.getpwnam(account).pw_gid if account else None


def servers_of(root: Path) -> list[int]:
    """Process ids of the servers and keepers that name the installation on their command line or live in it."""
    place = root / "place"
    folder = (root / place.read_text()) if place.exists() else root
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode()
        except OSError:
            continue
        if words and any(str(path) in words for path in (root, folder)) and "embedded.join" not in words:
            found.append(int(process.name))
    return found


def wait_until_stopped(root: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left := servers_of(root):
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)
