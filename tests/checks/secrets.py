"""Secrets in files that git knows: by the shapes that keys have, and private keys of any kind."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.checks.finding import ROOT, Finding

SHAPES = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a Google API key": re.compile(r"\bAIza[\w-]{35}\b"),
    "a Google client secret": re.compile(r"\bGOCSPX-[\w-]{10,}"),
    "a Google access token": re.compile(r"\bya29\.[\w-]{15,}"),
    "a Google refresh token": re.compile(r"\b1//0[\w-]{15,}"),
    "a GitHub token": re.compile(r"\bgh[pousr]_\w{30,}\b"),
    "a Slack token": re.compile(r"\bxox[abposr]-[\w-]{10,}"),
    "a token of ours": re.compile(r"\b(?:cwk|cws)_[\w-]{40,}"),
    "a JSON Web Token": re.compile(r"\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{10,}"),
    "a master key": re.compile(r"^\d{1,5}:[A-Za-z0-9+/]{43}=$", re.M),
    "a password in an address": re.compile(r"\w+://[\w.-]+:(?![$<{*A-Z_x.]|pass|secret|p@)[^\s:@/'\"{}<>$]{8,}@"),
}
# Made up, for tests of what is left out or refused; nothing opens with them.
MADE_UP = {
    "tests/security/test_goal_12_start_refused.py": {"a password in an address"},
    "tests/security/test_goal_30_logs.py": {
        "a Google client secret", "a Google access token", "a Google refresh token", "a JSON Web Token",
        "a password in an address",
    },
}  # fmt: skip


def check(root: Path = ROOT) -> list[Finding]:
    found = []
    for name in _tracked(root):
        text = _text(root / name)
        for kind, shape in SHAPES.items():
            if kind in MADE_UP.get(name, ()):
                continue
            found += [
                Finding(name, text.count("\n", 0, match.start()) + 1, "CWS1", f"looks like {kind}")
                for match in shape.finditer(text)
            ]
    return found


def check_history(root: Path = ROOT) -> list[Finding]:
    """The same in every version of every file that any commit of this clone holds: what was pushed once is known."""
    listed = subprocess.run(["git", "rev-list", "--objects", "--all"], cwd=root, capture_output=True, check=True)
    names = dict(line.split(" ", 1) for line in listed.stdout.decode(errors="replace").splitlines() if " " in line)
    found = set()
    for digest, content in _blobs(root, names):
        text = "" if b"\0" in content[:1024] else content.decode(errors="replace")
        for kind, shape in SHAPES.items():
            if kind not in MADE_UP.get(names[digest], ()) and shape.search(text):
                found.add(Finding(names[digest], 0, "CWS2", f"once looked like {kind}"))
    return sorted(found)


def _blobs(root: Path, digests: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Contents by git's digest, in one process: `git cat-file --batch`."""
    asked = "".join(f"{digest}\n" for digest in digests).encode()
    answer = subprocess.run(["git", "cat-file", "--batch"], cwd=root, input=asked, capture_output=True, check=True)
    place, output = 0, answer.stdout
    while place < len(output):
        end = output.index(b"\n", place)
        digest, kind, size = output[place:end].split()
        begin, place = end + 1, end + 1 + int(size) + 1
        if kind == b"blob":
            yield digest.decode(), output[begin : place - 1]


def _tracked(root: Path) -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (root / name).is_file()]


def _text(path: Path) -> str:
    content = path.read_bytes()
    return "" if b"\0" in content[:1024] else content.decode(errors="replace")
