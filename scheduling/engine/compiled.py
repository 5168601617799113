"""Kernels are compiled once and kept on disk.

Numba looks only at the file of the kernel itself: after an upgrade that changed a callee it would go on with the old
code. So the cache lies in a folder named for the content of all the engine's modules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numba
from numba.core import config

_ENGINE = Path(__file__).parent
_INGREDIENTS = {"arrays.py", "compiled.py", "views.py"}
_Kernel = TypeVar("_Kernel", bound=Callable[..., Any])


def _cache_folder() -> str:
    digest = hashlib.sha256()
    for module in sorted(_ENGINE.rglob("*.py")):
        text = module.read_bytes()
        if module.name in _INGREDIENTS or b"engine.compiled import" in text:
            digest.update(text)
    wished = getattr(config, "CACHE_DIR", "")
    root = Path(wished) if wished else _ENGINE / "__pycache__"
    return str(root / f"kernels-{digest.hexdigest()[:16]}")


setattr(config, "CACHE_DIR", _cache_folder())  # noqa: B010 (numba declares no settings)

if TYPE_CHECKING:

    def kernel(function: _Kernel) -> _Kernel: ...

    def hot_kernel(function: _Kernel) -> _Kernel: ...

else:

    def _compiled(**options):
        def compile_once(function):
            dispatcher = numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function)
            # A literal argument, NOWHERE say, is a number like any other: no kernel is compiled for it alone.
            resolve = dispatcher.get_call_template
            dispatcher.get_call_template = lambda args, kws: resolve(
                tuple(map(numba.types.unliteral, args)), {key: numba.types.unliteral(kind) for key, kind in kws.items()}
            )
            return dispatcher

        return compile_once

    kernel = _compiled()
    # Without reference counts, of which each call would else write one for each of the model's seventy arrays (a
    # hundred times slower). Such a kernel can't allocate.
    hot_kernel = _compiled(_nrt=False)
