"""`python -m clockwise.embedded.clean FOLDER...`: for `make clean`."""

import sys
from pathlib import Path

from clockwise.embedded import InUse, clean


def main(folders: list[str]) -> None:
    try:
        for folder in folders:
            clean(Path(folder))
    except InUse as refusal:
        sys.exit(str(refusal))


if __name__ == "__main__":
    main(sys.argv[1:])
