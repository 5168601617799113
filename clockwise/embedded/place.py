"""Where the servers live, and as whom they run.

`initdb` refuses root, so that root's servers run as an ordinary user, who may not reach a checkout below a private
folder; and a socket's path may have 107 bytes. In both cases a short private folder in the machine's temporary
directory is used, named in `place` and removed by `clean`; no parent's mode is ever widened.
"""

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LONGEST_SOCKET_PATH = 100
COMMAND_SECONDS = 120
INSIDE = "servers"
OWNER_NOTE = "installation"


@dataclass(frozen=True)
class Runner:
    """Whose process a server is: None for the current user."""

    uid: int | None = None
    gid: int | None = None

    def run(
        self, *command: str | Path, cwd: Path, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end, within two minutes. Raises RuntimeError with the command's own words when it fails."""
        done = subprocess.run(  # noqa: S603
            [str(part) for part in command], cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=COMMAND_SECONDS, user=self.uid, group=self.gid, extra_groups=None if self.uid is None else [],
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done

    def own(self, path: Path) -> None:
        """Give a file, or a folder with all in it, to the servers' user."""
        if self.uid is None or self.gid is None:
            return
        for each in [path, *path.rglob("*")]:
            os.chown(each, self.uid, self.gid, follow_symlinks=False)


def runner(folder: Path | None) -> Runner:
    """The user of the servers: oneself, but for root whoever owns the folder, at first `nobody`."""
    if os.geteuid() != 0:
        return Runner()
    if folder is not None and (owner := folder.stat()).st_uid != 0:
        return Runner(owner.st_uid, owner.st_gid)
    nobody = pwd.getpwnam("nobody")
    return Runner(nobody.pw_uid, nobody.pw_gid)


def existing_folder(root: Path) -> Path | None:
    """The folder of data and sockets, unless there is none or it belongs to another copy of this checkout."""
    note = root / "place"
    if not note.exists():
        return None
    folder = root / note.read_text()
    if folder.parent == root:
        return folder if folder.is_dir() else None
    owner = folder / OWNER_NOTE
    return folder if owner.exists() and owner.read_text() == str(root) else None


def make_folder(root: Path) -> Path:
    who = runner(None)
    folder = root / INSIDE
    if _fits(folder) and _reaches(root, who):
        folder.mkdir(mode=0o700, exist_ok=True)
        note = INSIDE
    else:
        folder = Path(tempfile.mkdtemp(prefix="clockwise-", dir="/tmp"))
        (folder / OWNER_NOTE).write_text(str(root))
        note = str(folder)
    who.own(folder)
    write_private(root / "place", note)
    return folder


def reachable(source: Path, folder: Path, who: Runner) -> Path:
    """`source`, or a copy of it below `folder` when the servers' user can't reach it."""
    source = source.resolve()
    if _reaches(source, who):
        return source
    copy = folder / f"{source.name}-{source.stat().st_mtime_ns}"
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=folder))
        copied = unfinished / source.name
        if source.is_dir():
            shutil.copytree(source, copied, symlinks=True)
        else:
            shutil.copy2(source, copied)
        who.own(copied)
        copied.rename(copy)
        unfinished.rmdir()
    return copy


def package_folder(package: str) -> Path:
    """Where a package of binaries is installed; importing it would run code that we don't want."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise RuntimeError(f"{package} isn't installed. Run make setup, or set DATABASE_URL and REDIS_URL.")
    return Path(found.origin).parent


def write_private(path: Path, text: str) -> None:
    """All or nothing, readable to the owner alone."""
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".unfinished-")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    Path(unfinished).rename(path)


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH


def _reaches(path: Path, who: Runner) -> bool:
    """Whether the servers' user may enter every folder above `path`, and `path` itself."""
    if who.uid is None:
        return True
    return all(_open_to(each.stat(), who) for each in [path, *path.parents])


def _open_to(status: os.stat_result, who: Runner) -> bool:
    return bool(status.st_mode & (stat.S_IXUSR if status.st_uid == who.uid else stat.S_IXOTH))
