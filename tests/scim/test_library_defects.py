"""Defects of the bare library that ours must never have; each check is first seen to find it on the library."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.scim import defects
from tests.scim.idp import IdentityProvider

ROOT = Path(__file__).resolve().parent.parent.parent


class OurTenant:
    def __init__(self, provider: IdentityProvider) -> None:
        self.provider = provider

    def ask(self, method: str, path: str, body: Any = None) -> defects.Answer:
        answer = self.provider.send(method, path, None if body is None else json.dumps(body))
        return answer.status, answer.body

    def make_user(self, name: str) -> str:
        return self.provider.user(name).id

    def make_group(self, name: str) -> str:
        return self.provider.group(name).id


@pytest.fixture(scope="session")
def on_the_bare_library() -> dict[str, bool]:
    command = [sys.executable, "-m", "tests.scim.bare.defects"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    shown: dict[str, bool] = json.loads(done.stdout.splitlines()[-1])
    return shown


@pytest.mark.parametrize("name", defects.CHECKS)
def test_a_defect_of_the_bare_library_is_not_ours(
    on_the_bare_library: dict[str, bool], provider: IdentityProvider, mallory: IdentityProvider, name: str
) -> None:
    assert on_the_bare_library[name], "the check must find the defect where it is"
    assert not defects.CHECKS[name](OurTenant(provider), OurTenant(mallory))
