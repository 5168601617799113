"""`python -m clockwise.embedded.clean_up FOLDER...`: for `make clean`. Ends with 3 when something uses one of them."""

import sys
from pathlib import Path

from clockwise.embedded import InUse, clean

IN_USE = 3


def main(folders: list[str]) -> None:
    try:
        for folder in folders:
            clean(Path(folder))
    except InUse as refusal:
        sys.stderr.write(f"{refusal}\n")
        sys.exit(IN_USE)


if __name__ == "__main__":
    main(sys.argv[1:])
