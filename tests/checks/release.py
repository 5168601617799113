"""A release's files and where they come from: `python -m tests.checks.release TAG --key FILE --out FOLDER`.

Writes the source as git has it under the signed tag, the bill of materials, and a statement of provenance (in-toto
Statement v1, SLSA provenance v1) that names their digests, signed by SSH. `--verify` checks such a folder.
docs/security/release.md says who does this when.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.checks.finding import ROOT

STATEMENT, SIGNATURE = "provenance.json", "provenance.json.sig"
SIGNERS = ".ci/allowed-signers"
NAMESPACE = "clockwise-release"
LOCKS = ("requirements.lock", "requirements-dev.lock")


class ReleaseRefused(Exception):
    """The message says what to do first."""


def make(tag: str, *, key: Path, out: Path, root: Path = ROOT) -> dict[str, Any]:
    """Raises ReleaseRefused for a tag that isn't signed by one of `.ci/allowed-signers`, or isn't what it says."""
    commit = _commit_of(tag, root)
    out.mkdir(parents=True, exist_ok=True)
    archive = out / f"clockwise-{tag.removeprefix('v')}.tar.gz"
    prefix = archive.name.removesuffix(".tar.gz")
    _git(root, "archive", "--format=tar.gz", f"--prefix={prefix}/", f"--output={archive}", commit)
    bill = out / "sbom.cdx.json"
    bill.write_bytes(_git(root, "show", f"{commit}:{bill.name}"))
    made = _statement(tag, commit, [archive, bill], root)
    (out / STATEMENT).write_text(json.dumps(made, indent=1, sort_keys=True) + "\n")
    (out / SIGNATURE).unlink(missing_ok=True)
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-f", key, "-n", NAMESPACE, out / STATEMENT], check=True, capture_output=True
    )
    return made


def verify(folder: Path, *, signers: Path, signer: str) -> list[str]:
    """What is wrong with a release; nothing if it is what its signer built."""
    statement = (folder / STATEMENT).read_bytes()
    command = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", signer, "-n", NAMESPACE]
    command += ["-s", str(folder / SIGNATURE)]
    if subprocess.run(command, input=statement, capture_output=True).returncode:
        return [f"{STATEMENT} isn't signed by {signer}"]
    subjects = json.loads(statement)["subject"]
    named = {each["name"] for each in subjects}
    wrong = [each["name"] for each in subjects if _digest(folder / each["name"]) != each["digest"]["sha256"]]
    extra = {path.name for path in folder.iterdir()} - named - {STATEMENT, SIGNATURE}
    return [f"{name} isn't what was built" for name in sorted(wrong)] + [
        f"{name} isn't part of the release" for name in sorted(extra)
    ]


def _commit_of(tag: str, root: Path) -> str:
    signed = subprocess.run(
        ["git", "-c", f"gpg.ssh.allowedSignersFile={root / SIGNERS}", "verify-tag", tag], cwd=root, capture_output=True
    )
    if signed.returncode:
        raise ReleaseRefused(f"{tag} has no signature of one of {SIGNERS}: make it by git tag --sign.")
    commit = _git(root, "rev-parse", f"{tag}^{{commit}}").decode().strip()
    version = re.search(r'^version = "(.+)"$', _git(root, "show", f"{commit}:pyproject.toml").decode(), re.M)
    if version is None or f"v{version[1]}" != tag:
        raise ReleaseRefused(f"{tag} isn't the version in pyproject.toml: change one of them.")
    return commit


def _statement(tag: str, commit: str, files: list[Path], root: Path) -> dict[str, Any]:
    locks = [
        {"name": lock, "digest": {"sha256": hashlib.sha256(_git(root, "show", f"{commit}:{lock}")).hexdigest()}}
        for lock in LOCKS
    ]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": file.name, "digest": {"sha256": _digest(file)}} for file in files],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://slsa.dev/provenance/v1#git-archive",
                "externalParameters": {"tag": tag},
                "internalParameters": {"command": "python -m tests.checks.release"},
                "resolvedDependencies": [{"name": "source", "digest": {"gitCommit": commit}}, *locks],
            },
            "runDetails": {"builder": {"id": "a maintainer's machine", "version": {"python": sys.version.split()[0]}}},
        },
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _git(root: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True).stdout


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.checks.release")
    parser.add_argument("tag", nargs="?", help="such as v1.2.0, signed")
    parser.add_argument("--key", type=Path, help="the SSH key that signs")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    parser.add_argument("--verify", metavar="SIGNER", help="check the folder instead, as signed by this address")
    given = parser.parse_args()
    if given.verify:
        problems = verify(given.out, signers=ROOT / SIGNERS, signer=given.verify)
        print("\n".join(problems) or "sound")
        return 1 if problems else 0
    if not (given.tag and given.key):
        parser.error("name the tag and --key")
    try:
        make(given.tag, key=given.key, out=given.out)
    except ReleaseRefused as refused:
        parser.exit(1, f"{refused}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
