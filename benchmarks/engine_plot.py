"""Score over time of the engine, the plain annealing and the exact model, as a drawing.

`python -m benchmarks.engine_plot docs/images/engine-score-over-time.svg [--people 40] [--seed 2] [--seconds 100]`. One
after the other on the same instance; the engine's time begins when the instance has been read, as the rivals' does.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from benchmarks.companies import ZONES, company
from benchmarks.rivals.annealing import anneal
from benchmarks.rivals.exact import solve_exactly
from scheduling.engine.instance import Instance, parse
from scheduling.engine.solve import Progress, solve

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 44, 52
FIRST = 0.1  # seconds at the left edge
STYLE = """
svg { font: 13px system-ui, sans-serif; color: #1f2430; background: #fff }
text { fill: currentColor }
.line { fill: none; stroke-width: 2.5; stroke-linejoin: round }
.grid { stroke: #8884; stroke-width: 1 }
.engine { stroke: #2563eb } .bound { stroke: #2563eb; stroke-dasharray: 2 5 }
.annealing { stroke: #c2410c } .exact { stroke: #15803d }
@media (prefers-color-scheme: dark) {
  svg { color: #e6e8ee; background: #14161c }
  .engine, .bound { stroke: #7aa2ff } .annealing { stroke: #fb923c } .exact { stroke: #4ade80 }
}
"""


class Curve(NamedTuple):
    """`points`: seconds, and the best until then."""

    name: str
    label: str
    points: list[tuple[float, float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--scenario", choices=sorted(ZONES), default="company")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=100.0)
    options = parser.parse_args()
    instance = parse(company(options.people, seed=options.seed, scenario=options.scenario))
    before, curves = measure(instance, options.seconds)
    for curve in curves:
        print(f"{curve.label:12} {curve.points[-1][1] if curve.points else math.nan:14,.2f}")
    options.file.write_text(draw(instance.name, before, curves, options.seconds))


def measure(instance: Instance, seconds: float) -> tuple[float, list[Curve]]:
    scores: list[tuple[float, float]] = []
    bounds: list[tuple[float, float]] = []

    def note(progress: Progress) -> None:
        scores.append((progress.t_ms / 1000, progress.score))
        if progress.bound is not None:
            bounds.append((progress.t_ms / 1000, progress.bound))

    found = solve(instance, seed=1, seconds=seconds, workers=2, progress=note)
    scores.append((found.seconds, found.score))
    if found.bound is not None:
        bounds.append((found.seconds, found.bound))
    plain = anneal(instance, seconds, seed=1)
    exact = solve_exactly(instance, seconds)
    return found.before or 0.0, [
        Curve("bound", "bound", bounds),
        Curve("engine", "engine", scores),
        Curve("annealing", "annealing", [*plain.trace, (seconds, plain.score)]),
        Curve("exact", "exact model", [*exact.trace, (seconds, exact.score)] if exact.trace else []),
    ]


def draw(name: str, before: float, curves: list[Curve], seconds: float) -> str:
    """Seconds on a logarithmic axis; scores from today's calendar up to a little over the best."""
    best = max((score for curve in curves[1:] for _, score in curve.points), default=before + 1)
    top = before + 1.12 * (best - before)

    def x(second: float) -> float:
        share = math.log(max(second, FIRST) / FIRST) / math.log(seconds / FIRST)
        return LEFT + min(1.0, share) * (WIDTH - LEFT - RIGHT)

    def y(score: float) -> float:
        share = (min(max(score, before), top) - before) / (top - before)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    svg = ElementTree.Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img")
    ElementTree.SubElement(svg, "title").text = f"Score over time on {name}"
    ElementTree.SubElement(svg, "style").text = STYLE
    _text(svg, LEFT, 24, f"Share of the best gain found, {name}")
    for percent in (0, 25, 50, 75, 100):
        height = y(before + percent / 100 * (best - before))
        _line(svg, [(LEFT, height), (WIDTH - RIGHT, height)], "grid")
        _text(svg, LEFT - 8, height + 4, f"{percent} %", anchor="end")
    for exponent in range(round(math.log10(FIRST)), math.floor(math.log10(seconds)) + 1):
        at = x(10.0**exponent)
        _line(svg, [(at, TOP), (at, HEIGHT - BOTTOM)], "grid")
        _text(svg, at, HEIGHT - BOTTOM + 20, f"{10.0**exponent:g} s", anchor="middle")
    labels: list[float] = []
    for curve in sorted((curve for curve in curves if curve.points), key=lambda curve: -curve.points[-1][1]):
        _line(svg, [(x(second), y(score)) for second, score in _steps(curve.points, seconds)], f"line {curve.name}")
        height = max([y(curve.points[-1][1]), *(label + 18 for label in labels)])
        labels.append(height)
        _line(svg, [(WIDTH - RIGHT + 8, height), (WIDTH - RIGHT + 28, height)], f"line {curve.name}")
        _text(svg, WIDTH - RIGHT + 34, height + 4, curve.label)
    ElementTree.indent(svg)
    return ElementTree.tostring(svg, encoding="unicode") + "\n"


def _steps(points: list[tuple[float, float]], seconds: float) -> list[tuple[float, float]]:
    """What was the best stays so until something better comes."""
    steps: list[tuple[float, float]] = []
    for second, score in points:
        if steps:
            steps.append((second, steps[-1][1]))
        steps.append((second, score))
    return [*steps, (seconds, steps[-1][1])]


def _line(svg: ElementTree.Element, points: list[tuple[float, float]], kind: str) -> None:
    path = " ".join(f"{'L' if n else 'M'}{x:.1f} {y:.1f}" for n, (x, y) in enumerate(points))
    ElementTree.SubElement(svg, "path", {"class": kind, "d": path})


def _text(svg: ElementTree.Element, x: float, y: float, text: str, *, anchor: str = "start") -> None:
    placed = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    ElementTree.SubElement(svg, "text", placed).text = text


if __name__ == "__main__":
    main()
