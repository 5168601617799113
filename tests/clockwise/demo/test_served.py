import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import requests

from clockwise.demo.story import DemoFailed
from clockwise.management.commands import demo


@pytest.fixture
def web() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that lives, as the web process does while it starts."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.communicate()


def test_a_first_answer_that_takes_too_long_is_waited_for(
    web: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([requests.ConnectionError(), requests.ReadTimeout(), SimpleNamespace(ok=True)])

    def get(url: str, timeout: int) -> object:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(requests, "get", get)

    demo._wait_until_ready(web)

    assert list(answers) == []


def test_a_web_process_that_dies_is_said() -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()

    with pytest.raises(DemoFailed):
        demo._wait_until_ready(dead)
