from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("clockwise", "calendars", "scheduling", "scim", "privacy")


@dataclass(frozen=True, order=True)
class Finding:
    """Something that must not be there. `line` counts from 1; 0 for a whole file."""

    path: str
    line: int
    rule: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule} {self.problem}"


def product_files(root: Path = ROOT) -> list[Path]:
    """Every Python file that ships, migrations included, the emulator and the demo not."""
    left_out = ("calendars/emulator/", "clockwise/demo/")
    files = sorted(path for folder in PRODUCT for path in (root / folder).rglob("*.py"))
    return [path for path in files if not path.relative_to(root).as_posix().startswith(left_out)]
