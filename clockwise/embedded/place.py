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
import tempfile
from dataclasses import dataclass
from pathlib import Path

LONGEST_SOCKET_PATH = 100


@dataclass(frozen=True)
class Runner:
    """Whose process a server is: None for the current user."""

    uid: int | None = None
    gid: int | None = None

    def options(self) -> dict[str, object]:
        """Keyword arguments for `subprocess`."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def runner() -> Runner:
    if os.geteuid() != 0:
        return Runner()
    nobody = pwd.getpwnam("nobody")
    return Runner(nobody.pw_uid, nobody.pw_gid)


def servers_folder(root: Path, who: Runner) -> Path:
    """The folder of data and sockets, made at the first call."""
    note = root / "place"
    if note.exists() and (folder := Path(note.read_text())).is_dir():
        return folder
    folder = root / "servers"
    if _fits(folder) and _reaches(root, who):
        folder.mkdir(mode=0o700, exist_ok=True)
    else:
        folder = Path(tempfile.mkdtemp(prefix="clockwise-", dir="/tmp"))
    who.own(folder)
    note.write_text(str(folder))
    return folder


def reachable(source: Path, folder: Path, who: Runner) -> Path:
    """`source`, or a copy of it below `folder` when the server's user can't reach it."""
    if _reaches(source, who):
        return source
    copy = folder / source.name
    if not copy.exists():
        unfinished = copy.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        if source.is_dir():
            shutil.copytree(source, unfinished, symlinks=True)
        else:
            shutil.copy2(source, unfinished)
        unfinished.rename(copy)
    return copy


def package_folder(package: str) -> Path:
    """Where a package of binaries is installed; importing it would run code that we don't want."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise RuntimeError(f"{package} isn't installed. Run make setup, or set DATABASE_URL and REDIS_URL.")
    return Path(found.origin).parent


def remove(root: Path) -> None:
    note = root / "place"
    if note.exists():
        shutil.rmtree(note.read_text(), ignore_errors=True)
    shutil.rmtree(root, ignore_errors=True)


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH


def _reaches(path: Path, who: Runner) -> bool:
    """Whether the server's user may enter every folder above `path` (and, for root's servers, read it)."""
    if who.uid is None:
        return True
    return all(_open_to(folder.stat(), who) for folder in [path, *path.resolve().parents])


def _open_to(status: os.stat_result, who: Runner) -> bool:
    if status.st_uid == who.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    return bool(status.st_mode & stat.S_IXOTH)
