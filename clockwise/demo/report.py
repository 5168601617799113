"""What the demo prints at its end."""

from typing import Any

from django.conf import settings
from rich.columns import Columns
from rich.console import Console
from rich.table import Table

from clockwise.demo.company import ZONES
from clockwise.demo.story import Story


def print_summary(console: Console, outcome: dict[str, Any]) -> None:
    """Before and after, from Google's calendars as they were read back."""
    before, after = outcome["before"], outcome["after"]
    table = Table(title="Two weeks of everybody, before and after")
    for heading in ("", "before", "after"):
        table.add_column(heading, justify="left" if not heading else "right")
    table.add_row("Focus time (h)", _hours(before["focus_minutes"]), _hours(after["focus_minutes"]))
    table.add_row("in blocks of 2 h or more (h)", _hours(before["block_minutes"]), _hours(after["block_minutes"]))
    table.add_row("Fragmented time (h)", _hours(before["fragmented_minutes"]), _hours(after["fragmented_minutes"]))
    table.add_row("Conflicts", str(before["conflicts"]), str(after["conflicts"]))
    table.add_row("Lunches kept free", _of(before, "lunches", "lunch_days"), _of(after, "lunches", "lunch_days"))
    console.print(table)
    console.print(
        f"{outcome['moves']} meetings moved, {outcome['stays']} flexible ones stayed, {outcome['holds']} holds placed. "
        f"Score {outcome['score_before']:,.0f} \N{RIGHTWARDS ARROW} {outcome['score']:,.0f}; {_bound(outcome)}"
    )


def _hours(minutes: int) -> str:
    return f"{minutes / 60:,.1f}"


def _of(figures: dict[str, Any], part: str, whole: str) -> str:
    return f"{figures[part]} of {figures[whole]}"


def _bound(outcome: dict[str, Any]) -> str:
    if outcome["status"] == "optimal":
        return "proven: no plan is better."
    if outcome["bound"] is None or not outcome["score"]:
        return "how near the best, isn't known."
    better = (outcome["bound"] - outcome["score"]) / abs(outcome["score"]) * 100
    return f"at most {better:.1f} % better is possible."


def print_people(console: Console, story: Story) -> None:
    console.print(f"\nSign in at [bold]{settings.CLOCKWISE_BASE_URL}[/bold] as one of")
    for zone in ZONES:
        addresses = [person.email for person in story.people if person.zone == zone]
        console.print(f"\n[dim]{zone}[/dim]")
        console.print(Columns(addresses, padding=(0, 3)))
