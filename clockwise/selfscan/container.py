"""Whether the process is as confined as docker-compose.yml asks for (proc(5))."""

from pathlib import Path

from clockwise.selfscan.problem import Problem


def problems(proc: Path = Path("/proc"), mark: Path = Path("/.dockerenv")) -> list[Problem]:
    """Nothing outside a container: an ordinary machine isn't confined so."""
    if not mark.exists():
        return []
    status = dict(line.split(":", 1) for line in (proc / "self/status").read_text().splitlines() if ":" in line)
    found = [
        ("Run as an ordinary user, not as root.", int(status["Uid"].split()[0]) == 0),
        ("Drop all capabilities (cap_drop: [ALL]).", int(status["CapBnd"], 16) != 0),
        ("Set no-new-privileges.", status.get("NoNewPrivs", "0").strip() != "1"),
        ("Make the root filesystem read-only (read_only: true).", not _root_is_read_only(proc)),
    ]
    return [Problem("container", text) for text, wrong in found if wrong]


def _root_is_read_only(proc: Path) -> bool:
    for line in (proc / "mounts").read_text().splitlines():
        _, where, _, options, *_ = line.split()
        if where == "/":
            return "ro" in options.split(",")
    return False
