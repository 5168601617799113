"""`python -m scheduling.engine IN.json --out OUT.json`, and `manage.py optimize_instance`: the optimizer on a file."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from scheduling.engine import command


def main(words: Sequence[str] | None = None, *, program: str = "python -m scheduling.engine") -> int:
    began = time.monotonic()
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    command.arguments(parser)
    return command.run(parser.parse_args(words), began=began, error=lambda text: sys.stderr.write(text + "\n"))


if __name__ == "__main__":
    sys.exit(main())
