"""`python -m scheduling.engine IN.json --out OUT.json`: the optimizer without Django."""

from __future__ import annotations

import argparse
import sys
import time

from scheduling.engine import command


def main() -> int:
    began = time.monotonic()
    parser = argparse.ArgumentParser(prog="python -m scheduling.engine", description=__doc__)
    command.arguments(parser)
    return command.run(parser.parse_args(), began=began, error=lambda text: sys.stderr.write(text + "\n"))


if __name__ == "__main__":
    sys.exit(main())
