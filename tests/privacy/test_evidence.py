"""The evidence bundle. Goal 40."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.organizations.models import Member
from clockwise.organizations.roles import Role
from clockwise.tenancy import current
from privacy import evidence, legal
from tests.organizations import Pair
from tests.security.endpoints import sign_in


def test_goal_40_the_criteria_are_the_sixty_one() -> None:
    by_kind = dict.fromkeys(("CC", "A", "C", "PI", "P"), 0)
    for name in evidence.CRITERIA:
        by_kind[name.rstrip("0123456789.")] += 1
    assert by_kind == {"CC": 33, "A": 3, "C": 2, "PI": 5, "P": 18}
    assert len(set(evidence.CRITERIA)) == 61
    assert set(evidence.PROVED_BY) <= set(evidence.CRITERIA)
    artefacts = {each.name for each in evidence.ARTEFACTS}
    assert {name for names in evidence.PROVED_BY.values() for name in names} <= artefacts


def test_goal_40_each_criterion_is_proved_now_shown_stale_or_flagged_manual(pair: Pair) -> None:
    today = clock.now().date()
    manual = {
        "CC1.1": {"note": "Code of conduct signed", "date": (today - timedelta(days=90)).isoformat()},
        "CC1.2": {"note": "Board minutes", "date": (today - timedelta(days=91)).isoformat()},
    }
    bundle = evidence.open_bundle(evidence.make(manual=manual))
    states = {line["criterion"]: line["state"] for line in bundle["criteria"]}
    assert list(states) == list(evidence.CRITERIA)
    assert (states["CC1.1"], states["CC1.2"], states["CC1.3"], states["CC6.1"]) == (
        "shown",
        "stale",
        "manual",
        "proved",
    )
    for line in bundle["criteria"]:
        assert line["artefacts"] or line["state"] != "proved"
        assert set(line["artefacts"]) <= set(bundle["artefacts"])
    assert "certificate" in bundle["claim"]
    words = json.dumps(bundle)
    assert "company.example" not in words.replace("security@", "")
    assert str(pair.organization_id) not in words


def tampered(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        bundle = json.loads(archive.read("evidence.json"))
        signature = archive.read("evidence.sig")
    bundle["criteria"][0]["state"] = "proved"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("evidence.json", json.dumps(bundle, indent=1))
        archive.writestr("evidence.sig", signature)
    return made.getvalue()


def test_goal_40_a_bundle_that_was_changed_is_refused(pair: Pair) -> None:
    content = evidence.make()
    evidence.open_bundle(content, key=evidence.public_key())
    for wrong in (tampered(content), content[:-30], b"nothing"):
        with pytest.raises(evidence.BundleRefused):
            evidence.open_bundle(wrong)
    with pytest.raises(evidence.BundleRefused):
        evidence.open_bundle(content, key=bytes(32))


def test_goal_40_the_command_makes_and_checks(pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target, shown = tmp_path / "evidence.zip", tmp_path / "manual.json"
    shown.write_text(json.dumps({"CC1.1": {"note": "Signed", "date": clock.now().date().isoformat()}}))
    call_command("evidence", out=target, manual=shown)
    call_command("evidence", verify=target)
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["criteria"] == 61
    assert last["shown"] == 1
    target.write_bytes(tampered(target.read_bytes()))
    with pytest.raises(CommandError) as refused:
        call_command("evidence", verify=target)
    assert refused.value.returncode == 1
    shown.write_text(json.dumps({"CC99.1": {"note": "x", "date": "2026-01-01"}}))
    with pytest.raises(CommandError, match=r"CC99\.1 is no criterion"):
        call_command("evidence", out=target, manual=shown)


def test_the_bundle_is_handed_out_after_a_promise_with_a_name_on_it_and_logged(pair: Pair) -> None:
    def browser(role: Role) -> Client:
        client = Client()
        with current.organization(pair.organization_id):
            Member.objects.filter(pk=pair.ben.pk).update(role=role)
            sign_in(client, Member.objects.get(pk=pair.ben.pk))
        return client

    assert browser(Role.MEMBER).get("/organization/evidence/").status_code == 403
    admin = browser(Role.ADMIN)
    assert admin.post("/organization/evidence/download").status_code == 302
    admin.post("/organization/evidence/accept", {"sha256": "0" * 64})
    assert admin.post("/organization/evidence/download").status_code == 302
    admin.post("/organization/evidence/accept", {"sha256": legal.digest(legal.NDA)})
    answer = admin.post("/organization/evidence/download")
    assert answer["Content-Type"] == "application/zip"
    assert "Ben <ben@company.example>" in evidence.open_bundle(answer.content)["watermark"]
    with current.organization(pair.organization_id):
        assert AuditEntry.objects.filter(action="evidence.downloaded").count() == 1
    assert Client().get("/trust.json").json()["evidence"]["public_key"] == evidence.public_key().hex()
