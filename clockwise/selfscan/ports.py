"""Ports on which this machine (or this container's network) listens to others than itself."""

import ipaddress
from collections.abc import Iterator
from pathlib import Path

from clockwise.selfscan.problem import Problem

LISTEN = "0A"


def problems(allowed: frozenset[int], tables: Path = Path("/proc/net")) -> list[Problem]:
    """`tables`: where the kernel's `tcp` and `tcp6` lie (proc(5))."""
    return [
        Problem("ports", f"Port {port} is open on {address}: bind it to loopback, or name it by --allow-port.")
        for address, port in sorted(set(_listening(tables)))
        if port not in allowed
    ]


def _listening(tables: Path) -> Iterator[tuple[str, int]]:
    for name in ("tcp", "tcp6"):
        table = tables / name
        for line in table.read_text().splitlines()[1:] if table.exists() else []:
            _, local, _, state, *_ = line.split()
            packed, port = local.split(":")
            address = _address(packed)
            if state == LISTEN and not address.is_loopback:
                yield str(address), int(port, 16)


def _address(packed: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Words of four bytes in the machine's order, which is little-endian wherever we run."""
    words = [bytes.fromhex(packed[i : i + 8])[::-1] for i in range(0, len(packed), 8)]
    address = ipaddress.ip_address(b"".join(words))
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
