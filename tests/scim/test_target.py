"""`make scim-target`, as suites from outside use it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize(("wanted", "types"), [("1", ["User", "Group", "TestResource"]), ("0", ["User", "Group"])])
def test_it_prints_where_it_serves_two_fresh_organizations(wanted: str, types: list[str]) -> None:
    command = [sys.executable, "-m", "tests.scim.target"]
    environment = {**os.environ, "TEST_RESOURCE": wanted}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as target:
        try:
            assert target.stdout is not None
            told = json.loads(target.stdout.readline())
            assert len({each["id"] for each in told["organizations"]}) == 2
            for each in told["organizations"]:
                headers = {"Authorization": f"Bearer {each['token']}"}
                answer = requests.get(f"{told['base_url']}/ResourceTypes", headers=headers, timeout=30)
                assert [kind["name"] for kind in answer.json()["Resources"]] == types
                people = requests.get(f"{told['base_url']}/Users", headers=headers, timeout=30)
                assert people.json()["totalResults"] == 0
        finally:
            target.send_signal(signal.SIGTERM)
    assert target.returncode == 0
