"""Regenerates the committed parts of the front end that are made by rule, and checks the colours.

`grid.css` holds a class for each place of the calendar grid (no style attribute is allowed);
`icons.svg` only the icons that templates use, cut from the development package `lucide`.
"""

import re
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from clockwise.organizations import console
from scheduling.layout import COLUMNS, DAY_MINUTES, ROW_MINUTES
from scheduling.week import KINDS

STATIC = Path(__file__).resolve().parents[2] / "static" / "clockwise"
TEXT_CONTRAST = 4.5
EDGE_CONTRAST = 3.0
KIND_TOKENS = ("meeting", "oneone", "external", "flex", "focus", "lunch", "hold")
PAIRS = (
    *(("text", surface, TEXT_CONTRAST) for surface in ("bg", "surface", "raised", "hover")),
    *(("muted", surface, TEXT_CONTRAST) for surface in ("bg", "surface", "raised", "hover")),
    *(("accent-text", surface, TEXT_CONTRAST) for surface in ("bg", "surface", "raised", "accent-soft")),
    ("on-accent", "accent", TEXT_CONTRAST),
    ("on-accent", "accent-hover", TEXT_CONTRAST),
    *((tone, f"{tone}-soft", TEXT_CONTRAST) for tone in ("good", "warn", "bad")),
    *((tone, "raised", TEXT_CONTRAST) for tone in ("good", "warn", "bad")),
    ("line-strong", "surface", EDGE_CONTRAST),
    *((f"ev-{kind}-fg", f"ev-{kind}-bg", 2 * TEXT_CONTRAST) for kind in KIND_TOKENS),
    *((f"ev-{kind}-ed", "surface", TEXT_CONTRAST) for kind in KIND_TOKENS),
    *((f"ev-{kind}-ed", f"ev-{kind}-bg", EDGE_CONTRAST) for kind in KIND_TOKENS),
)
"""Foreground token, background token, least contrast (WCAG 2.2, 1.4.3 and 1.4.11; events aim at twice the text bar)."""


class Command(BaseCommand):
    help = "Regenerates grid.css and icons.svg and checks the contrast of the colour tokens."

    def handle(self, *args: Any, **options: Any) -> None:
        if problems := contrast_problems((STATIC / "app.css").read_text()):
            raise CommandError("\n".join(problems))
        (STATIC / "grid.css").write_text(grid_css())
        names = icons_used(Path(settings.BASE_DIR) / "templates")
        (STATIC / "icons.svg").write_text(icon_sprite(names))
        self.stdout.write(f"grid.css and icons.svg written, {len(names)} icons")


def grid_css() -> str:
    """Classes for rows, columns, number of hours and days, and percentages, in a layer of their own."""
    rows = DAY_MINUTES // ROW_MINUTES
    rules = [
        *(f".gr-{n}{{grid-row-start:{n}}}" for n in range(1, rows + 1)),
        *(f".gs-{n}{{grid-row-end:span {n}}}" for n in range(1, rows + 1)),
        *(f".gc-{n}{{grid-column-start:{n}}}" for n in range(1, COLUMNS + 1)),
        *(f".gw-{n}{{grid-column-end:span {n}}}" for n in range(1, COLUMNS + 1)),
        *(f".gh-{n}{{--hours:{n}}}" for n in range(1, 25)),
        *(f".gd-{n}{{--days:{n}}}" for n in range(1, 8)),
        *(f".gp-{n}{{width:{n}%}}" for n in range(101)),
    ]
    return "/* Made by manage.py build_ui. */\n@layer grid{" + "".join(rules) + "}\n"


def icons_used(templates: Path) -> list[str]:
    """Names in `{% icon "name" %}` tags of the templates, and those of event kinds and console sections."""
    texts = [path.read_text() for path in templates.rglob("*.html")]
    named = {name for text in texts for name in re.findall(r'{%\s*icon "([a-z0-9-]+)"', text)}
    return sorted(named | {look.icon for look in KINDS.values()} | {section.icon for section in console.sections()})


def icon_sprite(names: list[str]) -> str:
    """One SVG with a symbol for each name. Raises KeyError for a name that lucide doesn't have."""
    frame = 'viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"'
    caps = 'stroke-linecap="round" stroke-linejoin="round"'
    with resources.as_file(resources.files("lucide") / "lucide.zip") as path, zipfile.ZipFile(path) as archive:
        bodies = {name: _body(archive.read(f"{name}.svg").decode()) for name in names}
    symbols = "".join(f'<symbol id="{name}" {frame} {caps}>{body}</symbol>\n' for name, body in bodies.items())
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}</svg>\n'


def contrast_problems(css: str) -> list[str]:
    """Pairs of tokens that are too close to each other, light or dark, in words."""
    tokens = _tokens(css)
    problems = []
    for front, back, least in PAIRS:
        for mode in (0, 1):
            ratio = contrast(tokens[front][mode], tokens[back][mode])
            if ratio < least:
                name = ("light", "dark")[mode]
                problems.append(f"--{front} on --{back} ({name}): {ratio:.2f}, at least {least:.1f} needed")
    return problems


def contrast(one: str, other: str) -> float:
    """Ratio of two colours `#rrggbb`, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _body(svg: str) -> str:
    inner = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
    return re.sub(r"\s*\n\s*", "", inner.group(1)) if inner else ""


def _tokens(css: str) -> dict[str, tuple[str, str]]:
    """Token name to its light and dark colour, of `--name:light-dark(#light,#dark)` or `--name:#both`."""
    colour = r"#[0-9a-f]{6}"
    pairs = re.findall(rf"--([a-z-]+):\s*light-dark\(({colour}),\s*({colour})\)", css)
    singles = re.findall(rf"--([a-z-]+):\s*({colour})\s*;", css)
    return {name: (light, dark) for name, light, dark in pairs} | {name: (both, both) for name, both in singles}


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
