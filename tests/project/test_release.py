"""A release says where it comes from, and what isn't what was built is noticed."""

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.checks import release, secrets

SIGNER = "maintainer@clockwise.example"


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=M", "-c", f"user.email={SIGNER}", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    made = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", made], check=True)
    return made


@pytest.fixture
def source(tmp_path: Path, key: Path) -> Path:
    """A small repository with a signed tag of its version."""
    root = tmp_path / "source"
    (root / ".ci").mkdir(parents=True)
    public = key.with_suffix(".pub").read_text().strip()
    (root / release.SIGNERS).write_text(f"{SIGNER} {public}\n")
    (root / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    for name in (*release.LOCKS, "sbom.cdx.json", "module.py"):
        (root / name).write_text(f"{name}\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "All of it")
    sign(root, key, "v1.2.0")
    return root


def sign(root: Path, key: Path, tag: str) -> None:
    git(root, "-c", "gpg.format=ssh", "-c", f"user.signingkey={key}", "tag", "--sign", "-m", tag, tag)


@pytest.fixture
def made(source: Path, key: Path, tmp_path: Path) -> Path:
    out = tmp_path / "dist"
    release.make("v1.2.0", key=key, out=out, root=source)
    return out


def problems(folder: Path, source: Path) -> list[str]:
    return release.verify(folder, signers=source / release.SIGNERS, signer=SIGNER)


def test_a_release_is_what_its_tag_holds_and_says_so(made: Path, source: Path) -> None:
    assert problems(made, source) == []
    with tarfile.open(made / "clockwise-1.2.0.tar.gz") as archive:
        assert "clockwise-1.2.0/module.py" in archive.getnames()


def test_the_same_tag_makes_the_same_files(made: Path, source: Path, key: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    release.make("v1.2.0", key=key, out=again, root=source)

    for name in ("clockwise-1.2.0.tar.gz", release.STATEMENT):
        assert (again / name).read_bytes() == (made / name).read_bytes()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("clockwise-1.2.0.tar.gz", "clockwise-1.2.0.tar.gz isn't what was built"),
        ("sbom.cdx.json", "sbom.cdx.json isn't what was built"),
        ("setup.exe", "setup.exe isn't part of the release"),
        (release.STATEMENT, f"{release.STATEMENT} isn't signed by {SIGNER}"),
    ],
)
def test_what_was_changed_or_added_is_named(made: Path, source: Path, name: str, problem: str) -> None:
    with (made / name).open("ab") as file:
        file.write(b" ")

    assert problem in problems(made, source)


def test_a_file_that_is_gone_is_named(made: Path, source: Path) -> None:
    (made / "sbom.cdx.json").unlink()

    assert problems(made, source) == ["sbom.cdx.json isn't what was built"]


def test_another_key_signs_nothing(made: Path, source: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    shutil.copy(other.with_suffix(".pub"), tmp_path / "signers")
    (tmp_path / "signers").write_text(f"{SIGNER} {other.with_suffix('.pub').read_text()}")

    assert release.verify(made, signers=tmp_path / "signers", signer=SIGNER) != []


def test_an_unsigned_tag_or_one_of_another_version_is_refused(source: Path, key: Path, tmp_path: Path) -> None:
    git(source, "tag", "v1.2.0-rc1")
    with pytest.raises(release.ReleaseRefused, match="no signature"):
        release.make("v1.2.0-rc1", key=key, out=tmp_path / "out", root=source)
    sign(source, key, "v1.3.0")
    with pytest.raises(release.ReleaseRefused, match="isn't the version"):
        release.make("v1.3.0", key=key, out=tmp_path / "out", root=source)


def test_a_secret_that_was_committed_and_taken_out_again_is_found(source: Path) -> None:
    assert secrets.check_history(source) == []
    (source / "module.py").write_text("KEY = 'AKIA" + "ABCDEFGHIJKLMNOP'\n")
    git(source, "commit", "-qam", "Oops")
    (source / "module.py").write_text("\n")
    git(source, "commit", "-qam", "Gone")

    assert secrets.check(source) == []
    [found] = secrets.check_history(source)
    assert (found.path, found.problem) == ("module.py", "once looked like an AWS access key")
