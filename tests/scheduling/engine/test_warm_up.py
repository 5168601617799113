"""Kernels are compiled at set-up, never while somebody waits."""

import subprocess
import sys

LOADED_BY = """
import sys
from scheduling.engine import command
from scheduling.engine.instance import parse
from scheduling.engine.solution import Change
from scheduling.engine.solve import solve
from tests.scheduling.engine.instances import instance


def loaded():
    modules = [module for name, module in sys.modules.items() if name.startswith("scheduling.engine")]
    kernels = {kernel for module in modules for kernel in vars(module).values() if hasattr(kernel, "signatures")}
    return {(kernel.__name__, str(signature)) for kernel in kernels for signature in kernel.signatures}


command.warm_up()
warm = loaded()
document = instance(12, seed=5)
solved = solve(parse(document), iterations=30_000, workers=2, progress=lambda progress: None)
solve(parse(document), iterations=1_000, warm=solved.events, changed=[document["events"][0]["id"]])
for kernel in sorted(loaded() - warm):
    print(*kernel)
"""


def test_after_the_warm_up_no_run_compiles_anything() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED_BY], capture_output=True, text=True, check=True, timeout=600)
    assert done.stdout == ""
