"""Child processes that end with the one that started them, however it ended: Ctrl-C, a closed terminal, kill -9.

The parent holds the writing end of a pipe and nobody else does; a thread of the child reads from it, and learns of the
parent's end from the kernel.
"""

import os
import runpy
import signal
import subprocess
import sys
import threading
from typing import Any


def start(module: str, *arguments: str, **options: Any) -> subprocess.Popen[Any]:
    """`python -m module arguments`, tethered to this process. `options` are Popen's."""
    reading, _held_until_we_end = os.pipe()
    command = [sys.executable, "-m", "clockwise.tether", str(reading), module, *arguments]
    process = subprocess.Popen(command, pass_fds=[reading], **options)  # noqa: S603
    os.close(reading)
    return process


def _end_with_parent(reading: int) -> None:
    os.read(reading, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    reading, module = int(sys.argv[1]), sys.argv[2]
    threading.Thread(target=_end_with_parent, args=[reading], daemon=True).start()
    del sys.argv[1:3]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
