"""What the web process loads: it asks for runs of the optimizer and never carries one out, and needs no AWS."""

import subprocess
import sys

FOUND = """
import sys, django
django.setup()
from django.urls import get_resolver
assert get_resolver().url_patterns
from scheduling import run_requests, tasks
print(sorted({name.split(".")[0] for name in sys.modules} & {"boto3", "llvmlite", "numba", "ortools"}))
print("scheduling.engine.solve" in sys.modules)
"""


def test_the_web_loads_neither_the_optimizer_nor_its_compiler_nor_the_client_of_aws() -> None:
    done = subprocess.run([sys.executable, "-c", FOUND], capture_output=True, text=True, timeout=120)
    assert done.stdout.split("\n")[:2] == ["[]", "False"], done.stderr
