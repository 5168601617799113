"""Where the tests' own PostgreSQL and Valkey lie: each worker of pytest-xdist has its own; the first, pytest's."""

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
FOLDER = CHECKOUT / ".run" / ("test" if WORKER == "gw0" else f"test-{WORKER}")
