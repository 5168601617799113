"""Rules for docker-compose.yml and Dockerfile; each finding is a sentence. No container engine is needed."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
INTERPOLATED = re.compile(r"\$\{(?P<name>\w+)(?P<rule>[^}]*)\}")
SECRET_NAME = re.compile(r"PASSWORD|SECRET|MASTER_KEYS|TOKEN")
STATEFUL = {"postgres", "valkey"}
# Their images have the health check.
CHECKED_BY_IMAGE = {"web", "proxy"}
PUBLISHED = ["80:8080", "443:8443"]


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
    return loaded


def compose_findings(document: dict[str, Any]) -> list[str]:
    services = document["services"]
    found = [finding for name, service in services.items() for finding in _service_findings(name, service)]
    keystores = {name for name in ("web", "worker", "beat") if "keystore" in _volumes_of(services[name])}
    if keystores != {"web", "worker", "beat"}:
        found.append("web, worker and beat must share the keystore")
    if services["proxy"].get("ports") != PUBLISHED:
        found.append("the proxy must publish 80 and 443, and nothing else")
    if not all("web-socket" in _volumes_of(services[name]) for name in ("proxy", "web")):
        found.append("proxy and web must share the web's socket")
    return found + list(_secret_findings(document))


def _service_findings(name: str, service: dict[str, Any]) -> Iterator[str]:
    if service.get("read_only") is not True:
        yield f"{name}: the root file system is writable"
    if service.get("cap_drop") != ["ALL"] or "cap_add" in service:
        yield f"{name}: has capabilities"
    if "no-new-privileges:true" not in service.get("security_opt", []) or service.get("privileged"):
        yield f"{name}: may gain privileges"
    if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", service.get("user", "")):
        yield f"{name}: runs as root"
    if "build" not in service and not re.search(r":\d", service.get("image", "")):
        yield f"{name}: its image has no version"
    if "healthcheck" not in service and name not in CHECKED_BY_IMAGE:
        yield f"{name}: has no health check of its own"
    if "ports" in service and name != "proxy":
        yield f"{name}: publishes a port"
    if name in STATEFUL and service.get("network_mode") != "none":
        yield f"{name}: reaches a network"
    if "docker.sock" in str(service.get("volumes")):
        yield f"{name}: may command the container engine"


def _secret_findings(value: Any, path: str = "") -> Iterator[str]:
    """Secrets come from outside, and a missing one stops the start."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _secret_findings(each, f"{path}.{key}")
    elif isinstance(value, list):
        for each in value:
            yield from _secret_findings(each, path)
    elif isinstance(value, str):
        if SECRET_NAME.search(path.rsplit(".", 1)[-1]) and not INTERPOLATED.search(value):
            yield f"{path}: a secret is written down"
        for found in INTERPOLATED.finditer(value):
            if SECRET_NAME.search(found["name"]) and not found["rule"].startswith(":?"):
                yield f"{path}: {found['name']} may be missing or has a default"


def _volumes_of(service: dict[str, Any]) -> set[str]:
    return {volume.split(":")[0] for volume in service.get("volumes", [])}


def dockerfile_instructions(text: str) -> list[tuple[str, str]]:
    """Instruction and argument, continued lines joined, comments dropped."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ")
    words = [line.strip().split(None, 1) for line in lines.splitlines() if line.strip()]
    return [(word.upper(), argument) for word, argument in words]


def dockerfile_findings(text: str) -> list[str]:
    instructions = dockerfile_instructions(text)
    starts = [i for i, (word, _) in enumerate(instructions) if word == "FROM"]
    stages = [instructions[begin:end] for begin, end in zip(starts, [*starts[1:], None], strict=True)]
    run = [stage for stage in stages if any(word == "CMD" for word, _ in stage)]
    return [*_instruction_findings(instructions), *(finding for stage in run for finding in _stage_findings(stage))]


def _instruction_findings(instructions: list[tuple[str, str]]) -> Iterator[str]:
    for word, argument in instructions:
        if word == "ADD":
            yield "ADD fetches and unpacks; use COPY"
        if word == "FROM" and not re.search(r":\d", argument.split()[0]):
            yield f"FROM {argument}: no version"
        if word in {"CMD", "ENTRYPOINT"} and not argument.startswith("["):
            yield f"{word} runs under a shell, which doesn't pass signals on"
        if word in {"ENV", "ARG"} and SECRET_NAME.search(argument):
            yield f"{word} keeps a secret in the image"
        if word == "RUN" and "pip install" in argument and "--require-hashes" not in argument:
            yield "pip installs without hashes"
        if word == "RUN" and re.search(r"\b(sudo|curl|wget|chmod 777)\b", argument):
            yield f"RUN {argument}: not from the lock file, or too open"


def _stage_findings(stage: list[tuple[str, str]]) -> Iterator[str]:
    users = [argument for word, argument in stage if word == "USER"]
    if not users or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]):
        yield "the image runs as root, or as a user whose number isn't told"
    if "HEALTHCHECK" not in [word for word, _ in stage]:
        yield "no HEALTHCHECK"
    for word, argument in stage:
        if word == "COPY" and "--chown" in argument and argument.endswith("/app"):
            yield "the application's user may change its code"
