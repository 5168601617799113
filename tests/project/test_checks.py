"""Goal 36: what CI asks of the source finds what is planted, and nothing in the project as it is."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from tests.checks import bill_of_materials, dependencies, migrations, rules, secrets
from tests.checks.finding import ROOT, Finding


def plant(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "add", name], cwd=root, check=True)
    return path


def rules_of(findings: list[Finding]) -> list[str]:
    return [finding.rule for finding in findings]


@pytest.mark.parametrize("check", [rules.check, migrations.check, secrets.check, dependencies.check])
def test_goal_36_the_project_itself_is_clean(check: object) -> None:
    assert check() == []  # type: ignore[operator]


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        ("CW01", "cursor.execute(\"SELECT set_config('clockwise.tenant_token', %s, false)\", [t])"),
        ("CW01", "cursor.execute('SET clockwise.tenant_token = 1')"),
        ("CW01", "cursor.execute('SET ROLE cw_owner')"),
        ("CW02", "from django.utils.safestring import mark_safe"),
        ("CW02", "from django.views.decorators.csrf import csrf_exempt"),
        ("CW03", "import pickle"),
        ("CW03", "eval(text)"),
        ("CW04", "import hashlib\nhashlib.md5(text)"),
        ("CW05", "Event.objects.raw('SELECT 1')"),
        ("CW06", "requests.get(url, timeout=1, verify=False)"),
        ("CW06", "import ssl\ncontext.verify_mode = ssl.CERT_NONE"),
        ("CW08", "import os\nos.environ['SECRET_KEY']"),
        ("CW09", "connections['owner'].cursor()"),
        ("CW10", "try:\n    unseal()\nexcept SealBroken:\n    text = blob"),
    ],
)
def test_goal_36_a_broken_rule_is_found(rule: str, source: str, tmp_path: Path) -> None:
    plant(tmp_path, "calendars/planted.py", source)
    assert rules_of(rules.check(tmp_path)) == [rule]


@pytest.mark.parametrize(
    "text", ["{{ title|safe }}", "{% autoescape off %}", '<p onclick="x()">', '<a href="javascript:x">']
)
def test_goal_36_a_template_that_lets_text_through_is_found(text: str, tmp_path: Path) -> None:
    plant(tmp_path, "templates/planted.html", text)
    assert rules_of(rules.check(tmp_path)) == ["CW07"]


MODEL = 'migrations.CreateModel(name="Note", fields=[("id", 1), ("organization", 2)])'
REFERENCE = 'migrations.AddField(model_name="note", name="member", field=TenantForeignKey())'


@pytest.mark.parametrize(
    ("rule", "operations"),
    [
        ("CWM1", MODEL),
        ("CWM2", f'{MODEL}, ProtectTable("Note"); {REFERENCE}'),
        ("CWM3", 'migrations.RunSQL("ALTER TABLE x NO FORCE ROW LEVEL SECURITY")'),
        ("CWM3", 'migrations.RunSQL("CREATE VIEW x AS SELECT 1")'),
        ("CWM3", 'migrations.RunSQL("CREATE MATERIALIZED VIEW x AS SELECT 1")'),
        ("CWM3", 'migrations.RunSQL("CREATE INDEX x ON y USING gin (z)")'),
        ("CWM3", 'migrations.RunSQL("GRANT SELECT ON x TO PUBLIC")'),
        (
            "CWM4",
            'migrations.RunSQL("CREATE FUNCTION x() RETURNS int SECURITY DEFINER AS $$ SELECT 1 $$")',
        ),
    ],
)
def test_goal_36_a_migration_without_walls_is_found(rule: str, operations: str, tmp_path: Path) -> None:
    for number, part in enumerate(operations.split("; "), start=1):
        plant(tmp_path, f"calendars/migrations/000{number}_planted.py", f"operations = [{part}]")
    assert rules_of(migrations.check(tmp_path)) == [rule]


def test_goal_36_a_protected_table_with_its_references_is_fine(tmp_path: Path) -> None:
    plant(tmp_path, "calendars/migrations/0001_a.py", f'operations = [{MODEL}, ProtectTable("Note")]')
    plant(
        tmp_path, "calendars/migrations/0002_b.py", f'operations = [{REFERENCE}, AddTenantReference("Note", "member")]'
    )
    assert migrations.check(tmp_path) == []


@pytest.mark.parametrize(
    "secret",
    [
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "AIza" + "x" * 35,
        "GOCSPX-" + "abcdefghij1234",
        "ghp_" + "a1" * 18,
        "cwk_" + "a1b2" * 11,
        "1:" + "A" * 43 + "=",
        "postgres://cw_app:" + "hunter2hunter2" + "@db.example/c",
    ],
)
def test_goal_36_a_planted_secret_is_found(secret: str, tmp_path: Path) -> None:
    plant(tmp_path, "notes.txt", f"harmless\n{secret}\n")
    [finding] = secrets.check(tmp_path)
    assert (finding.path, finding.line) == ("notes.txt", 2)


def test_goal_36_a_planted_bad_pin_is_found(tmp_path: Path) -> None:
    lock = plant(tmp_path, "requirements-dev.lock", "PyYAML==5.3.1 \\\n    --hash=sha256:00\n")
    [finding] = dependencies.known_holes(dependencies.pins(lock), dependencies.read(dependencies.SNAPSHOT))
    assert "CVE-2020-14343" in finding.problem


def test_goal_36_an_audit_that_skipped_a_package_fails() -> None:
    snapshot = dependencies.Snapshot(date(2026, 11, 1), frozenset({"django"}), ())
    assert rules_of(dependencies.skipped({"django": "5.2.19"}, snapshot, date(2026, 11, 20))) == []
    assert rules_of(dependencies.skipped({"django": "5", "pyyaml": "6"}, snapshot, date(2026, 11, 20))) == ["CWD2"]
    assert rules_of(dependencies.skipped({"django": "5"}, snapshot, date(2027, 1, 1))) == ["CWD3"]


def test_goal_36_the_audit_says_itself_that_the_seed_asked_about_nothing() -> None:
    assert "CWD2" in rules_of(dependencies.audit())


def test_goal_36_the_bill_of_materials_lists_every_installed_package(tmp_path: Path) -> None:
    bill = bill_of_materials.write(tmp_path / "sbom.json")
    installed = bill_of_materials.installed()
    assert bill["bomFormat"] == "CycloneDX"
    assert len(installed) > 100
    assert bill_of_materials.missing(bill, installed) == []
    bill["components"] = [part for part in bill["components"] if part["name"].lower() != "django"]
    assert rules_of(bill_of_materials.missing(bill, installed)) == ["CWB1"]


def test_goal_36_every_line_of_the_lock_is_pinned_by_hash(tmp_path: Path) -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        assert bill_of_materials.unpinned(ROOT / lock) == []
    loose = plant(tmp_path, "requirements-dev.lock", "django==5.2.19 \\\n    --hash=sha256:00\nrequests>=2\n")
    assert rules_of(bill_of_materials.unpinned(loose)) == ["CWB2"]


def test_goal_36_the_command_line_fails_when_something_is_found() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.checks", "audit"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "packages were skipped" in done.stdout
    assert json.loads(dependencies.SNAPSHOT.read_text())["advisories"]
