import subprocess
import sys
from collections.abc import Callable

from tests.checks import bill_of_materials, dependencies, migrations, rules, secrets
from tests.checks.finding import PRODUCT, ROOT, Finding


def _bandit() -> list[Finding]:
    """Bandit's medium and high findings. B608, B310, B108: ruff judges the same line by line, with reasons."""
    command = [sys.executable, "-m", "bandit", "-q", "-r", *PRODUCT, "-ll", "--skip", "B608,B310,B108", "-f", "custom"]
    command += ["--msg-template", "{relpath}:{line}: {test_id} {msg}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return [Finding(line, 0, "bandit", "") for line in lines] if done.returncode else []


CHECKS: dict[str, Callable[[], list[Finding]]] = {
    "rules": rules.check,
    "migrations": migrations.check,
    "secrets": secrets.check,
    "history": secrets.check_history,
    "bandit": _bandit,
    "dependencies": dependencies.check,
    "sbom": bill_of_materials.check,
}
ON_DEMAND = {"audit": dependencies.audit}


def main(names: list[str]) -> int:
    found = 0
    for name in names or list(CHECKS):
        findings = (CHECKS | ON_DEMAND)[name]()
        found += len(findings)
        print(f"{name}: {len(findings) or 'nothing'} found")
        for finding in sorted(findings):
            print(f"  {finding}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
