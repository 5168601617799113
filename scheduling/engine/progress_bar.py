"""The bar on a terminal; loaded only there, since it would cost a small instance a tenth of its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from scheduling.engine.solve import Progress


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """On standard error, drawn whenever it is told something: how far, and the score."""
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()
    with Bar(*columns, console=Console(stderr=True), auto_refresh=False) as bar:
        task = bar.add_task("today's calendar", total=1.0)

        def show(progress: Progress) -> None:
            bar.update(task, completed=progress.fraction, description=f"score {progress.score:,.1f}", refresh=True)

        yield show
