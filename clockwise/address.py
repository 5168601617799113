"""Which port the web takes, and the address that an embedded installation tells its other commands."""

import os
import socket
from pathlib import Path

FIRST_PORT = 8000
TRIES = 100


def free_port(wanted: int) -> int:
    """`wanted`, or the next port above it that nothing listens on.

    Raises OSError when a hundred in a row are taken.
    """
    for port in range(wanted, wanted + TRIES):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"Ports {wanted} to {wanted + TRIES - 1} are taken. Set PORT to a free one.")


def wanted_port() -> int:
    return int(os.environ.get("PORT", "") or FIRST_PORT)


def take(root: Path) -> str:
    """Choose the embedded installation's address and keep it in `root` for other commands."""
    address = f"http://127.0.0.1:{free_port(wanted_port())}"
    (root / "base_url").write_text(address)
    return address
