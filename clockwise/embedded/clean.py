"""`python -m clockwise.embedded.clean FOLDER...`: for `make clean`."""

import sys
from pathlib import Path

from clockwise.embedded import clean

if __name__ == "__main__":
    for folder in sys.argv[1:]:
        clean(Path(folder))
