"""docker-compose.yml and Dockerfile, as far as they can be proved without a container engine."""

import copy
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from clockwise import address, env
from tests.project.containers import (
    CHECKOUT,
    compose,
    compose_findings,
    dockerfile_findings,
    dockerfile_instructions,
)

DOCKERFILE = (CHECKOUT / "Dockerfile").read_text()


def test_compose_follows_its_published_schema() -> None:
    schema = json.loads((Path(__file__).parent / "compose-spec" / "compose-spec.json").read_text())

    assert [error.message for error in jsonschema.Draft201909Validator(schema).iter_errors(compose())] == []


def test_compose_has_no_findings() -> None:
    assert compose_findings(compose()) == []


@pytest.mark.parametrize(
    ("service", "change", "finding"),
    [
        ("worker", {"read_only": False}, "worker: the root file system is writable"),
        ("valkey", {"cap_add": ["CHOWN"]}, "valkey: has capabilities"),
        ("beat", {"security_opt": []}, "beat: may gain privileges"),
        ("postgres", {"user": "0:0"}, "postgres: runs as root"),
        ("postgres", {"image": "postgres:latest"}, "postgres: its image has no version"),
        ("postgres", {"ports": ["5432:5432"]}, "postgres: publishes a port"),
        ("valkey", {"network_mode": "bridge"}, "valkey: reaches a network"),
        ("web", {"ports": ["127.0.0.1:8000:8000"]}, "web: publishes a port"),
        ("proxy", {"ports": ["443:8443", "2019:2019"]}, "the proxy must publish 80 and 443, and nothing else"),
        ("proxy", {"volumes": []}, "proxy and web must share the web's socket"),
        ("beat", {"volumes": []}, "web, worker and beat must share the keystore"),
        (
            "web",
            {"environment": {"SECRET_KEY": "abc"}},
            ".services.web.environment.SECRET_KEY: a secret is written down",
        ),
        (
            "web",
            {"environment": {"SECRET_KEY": "${SECRET_KEY:-abc}"}},
            ".services.web.environment.SECRET_KEY: SECRET_KEY may be missing or has a default",
        ),
    ],
)
def test_a_planted_fault_in_compose_is_found(service: str, change: dict[str, Any], finding: str) -> None:
    document = copy.deepcopy(compose())
    document["services"][service].update(change)

    assert finding in compose_findings(document)


def test_compose_sets_only_what_the_settings_read_and_all_that_they_require() -> None:
    modules = [Path(env.__file__), Path(env.__file__).with_name("settings.py")]
    read = {name for module in modules for name in re.findall(r'"([A-Z][A-Z_]+)"', module.read_text())}
    settings = set(compose()["x-app"]["environment"])

    assert settings <= read
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "CLOCKWISE_BASE_URL", "CLOCKWISE_KEYSTORE"} <= settings


def test_the_web_in_compose_runs_what_the_image_runs_and_a_socket_beside() -> None:
    command = list(compose()["services"]["web"]["command"])
    socket = command.index("unix:/run/web/web.sock")
    del command[socket - 1 : socket + 1]

    assert [part.replace("127.0.0.1", "0.0.0.0") for part in command] == _exec_form("CMD")


def test_dockerfile_has_no_findings() -> None:
    assert dockerfile_findings(DOCKERFILE) == []


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("COPY manage.py", "ADD manage.py", "ADD fetches and unpacks; use COPY"),
        ("python:3.13-slim-trixie AS", "python AS", "FROM python AS build: no version"),
        ("--require-hashes ", "", "pip installs without hashes"),
        ("USER 10001:10001", "USER root", "the image runs as root, or as a user whose number isn't told"),
        ("HEALTHCHECK", "LABEL", "no HEALTHCHECK"),
        ('CMD ["gunicorn"', 'CMD gunicorn "', "CMD runs under a shell, which doesn't pass signals on"),
        (
            "COPY --from=build /app",
            "COPY --chown=10001 --from=build /app",
            "the application's user may change its code",
        ),
        ("EXPOSE 8000", "ENV SECRET_KEY=abc", "ENV keeps a secret in the image"),
        ("caddy:2.11-alpine", "caddy:latest", "FROM caddy:latest AS proxy: no version"),
    ],
)
def test_a_planted_fault_in_the_dockerfile_is_found(old: str, new: str, finding: str) -> None:
    assert finding in dockerfile_findings(DOCKERFILE.replace(old, new))


def test_everything_that_the_dockerfile_copies_is_there_and_sent_to_the_builder() -> None:
    copied = [
        source
        for word, argument in dockerfile_instructions(DOCKERFILE)
        if word == "COPY" and "--from" not in argument
        for source in argument.split()[:-1]
    ]
    sent = (CHECKOUT / ".dockerignore").read_text().splitlines()

    assert all((CHECKOUT / source).exists() for source in copied)
    assert {f"!{source}" for source in copied} == {line for line in sent if line.startswith("!")}


@pytest.fixture
def image() -> Iterator[tuple[str, int]]:
    """What the image runs, on a free port, told that people type an https address."""
    port = address.free_port(18000)
    command = _exec_form("CMD")
    command[command.index("0.0.0.0:8000")] = f"127.0.0.1:{port}"
    base_url = "https://clockwise.example.com"
    local = {"ALLOWED_HOSTS", "OAUTHLIB_INSECURE_TRANSPORT"}  # what other tests set for their Google on this machine
    environment = {name: value for name, value in os.environ.items() if name not in local}
    process = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=CHECKOUT, env={**environment, "CLOCKWISE_BASE_URL": base_url}
    )
    yield base_url, port
    process.terminate()
    assert process.wait(timeout=60) == 0


def test_the_images_health_check_passes_when_its_command_serves(image: tuple[str, int]) -> None:
    base_url, port = image
    check = [part.replace(":8000", f":{port}") for part in _exec_form("HEALTHCHECK")[1:]]
    deadline = time.monotonic() + 60
    while subprocess.run(
        [sys.executable, *check], env={"CLOCKWISE_BASE_URL": base_url}, capture_output=True
    ).returncode:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _exec_form(instruction: str) -> list[str]:
    *_, argument = [argument for word, argument in dockerfile_instructions(DOCKERFILE) if word == instruction]
    parsed: list[str] = json.loads(argument[argument.index("[") :])
    return parsed
