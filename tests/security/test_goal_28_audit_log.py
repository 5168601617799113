"""Goal 28: whoever changes the log is found, be it the database's superuser; and whoever changes an export of it."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from pytest_django import Settings

from clockwise.audit import anchors, chain, export, heads, offline, tasks, verify
from clockwise.audit.findings import Report
from clockwise.audit.record import record
from clockwise.audit.signatures import Receipt
from clockwise.tenancy import current
from tests import superuser
from tests.organizations import Pair

# What a superuser would type to make a changed log look whole again, short of the signing key.
RECHAIN = """
DO $$
DECLARE
    e record;
    p bigint := 0;
    c bytea := sha256('clockwise-audit/1'::bytea || uuid_send('{organization}'::uuid));
BEGIN
    UPDATE audit_auditentry SET position = NULL, chain = NULL, leaf = sha256(
        uuid_send(id) || uuid_send(organization_id) || int8send((extract(epoch FROM at) * 1000000)::bigint)
        || int2send(octet_length(action)::smallint) || convert_to(action, 'UTF8')
        || int2send(octet_length(target_type)::smallint) || convert_to(target_type, 'UTF8')
        || int2send(octet_length(channel)::smallint) || convert_to(channel, 'UTF8')
        || int2send(octet_length(via)::smallint) || convert_to(via, 'UTF8')
        || CASE WHEN actor_id IS NULL THEN int2send(0::smallint) ELSE int2send(16::smallint) || uuid_send(actor_id) END
        || CASE WHEN target_id IS NULL THEN int2send(0::smallint)
           ELSE int2send(16::smallint) || uuid_send(target_id) END
        || commitment || sha256(body))
    WHERE organization_id = '{organization}';
    FOR e IN SELECT id, leaf FROM audit_auditentry WHERE organization_id = '{organization}' ORDER BY at, id LOOP
        p := p + 1;
        c := sha256(c || e.leaf);
        UPDATE audit_auditentry SET position = p, chain = c WHERE id = e.id;
    END LOOP;
END $$
"""
FIFTH = "organization_id = '{organization}' AND position = 5"


@pytest.fixture
def log(pair: Pair) -> Pair:
    """Two organizations with ten entries of Ada's, under two heads."""
    for number in range(5):
        with current.organization(pair.organization_id):
            record("team.created", by=pair.ada.pk, number=number)
    heads.sign_next()
    for number in range(5):
        with current.organization(pair.organization_id):
            record("team.deleted", by=pair.ada.pk, number=number)
    with current.organization(pair.other_organization_id):
        record("team.created", by=pair.mallory.pk)
    heads.sign_next()
    return pair


@pytest.fixture
def locked_bucket(aws: None, settings: Settings) -> Iterator[str]:
    name = f"anchors-{uuid4()}"
    boto3.client("s3").create_bucket(
        Bucket=name,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
    )
    settings.CLOCKWISE_AUDIT_ANCHORS = f"s3://{name}/heads"
    anchors._s3.cache_clear()
    yield name
    anchors._s3.cache_clear()


def tamper(pair: Pair, *statements: str) -> None:
    with superuser.cursor() as cursor:
        for statement in statements:
            cursor.execute(
                statement.replace("{organization}", str(pair.organization_id)).replace(
                    "{other}", str(pair.other_organization_id)
                )
            )


def problems(*reports: Report) -> set[str]:
    return {finding.problem for report in reports for finding in report.findings}


def found(pair: Pair) -> set[str]:
    both = [verify.organization(pair.organization_id), verify.organization(pair.other_organization_id)]
    return problems(*both, verify.signed_heads())


TAMPERED: dict[str, tuple[list[str], str]] = {
    "an edited body": ([f"UPDATE audit_auditentry SET body = body || '\\x00' WHERE {FIFTH}"], "changed"),
    "an edited column": (
        [f"UPDATE audit_auditentry SET actor_id = gen_random_uuid() WHERE {FIFTH}"],
        "changed",
    ),
    "a deleted entry": ([f"DELETE FROM audit_auditentry WHERE {FIFTH}"], "missing"),
    "an inserted entry": (
        [
            "UPDATE audit_auditentry SET position = position + 1 WHERE organization_id = '{organization}' "
            "AND position >= 100",
            "INSERT INTO audit_auditentry (id, organization_id, at, action, actor_id, target_type, target_id, channel,"
            " via, body, commitment, leaf, position, chain) SELECT gen_random_uuid(), organization_id, at, action,"
            " actor_id, target_type, target_id, channel, via, body, commitment, leaf, position + 1, chain"
            " FROM audit_auditentry WHERE organization_id = '{organization}' ORDER BY position DESC LIMIT 1",
        ],
        "changed",
    ),
    "two entries in another order": (
        [
            "UPDATE audit_auditentry SET position = -1 WHERE organization_id = '{organization}' AND position = 5",
            "UPDATE audit_auditentry SET position = 5 WHERE organization_id = '{organization}' AND position = 6",
            "UPDATE audit_auditentry SET position = 6 WHERE organization_id = '{organization}' AND position = -1",
        ],
        "broken",
    ),
    "an entry moved to another organization": (
        [
            "UPDATE audit_auditentry SET organization_id = '{organization}', position = 1000 "
            "WHERE organization_id = '{other}' AND action = 'team.created'",
        ],
        "missing",
    ),
    "a cut tail": (
        ["DELETE FROM audit_auditentry WHERE organization_id = '{organization}' AND position > 8"],
        "truncated",
    ),
    "a full rewrite": (
        [f"UPDATE audit_auditentry SET actor_id = gen_random_uuid() WHERE {FIFTH}", RECHAIN],
        "rewritten",
    ),
    "a full rewrite with its leaves": (
        [
            f"UPDATE audit_auditentry SET actor_id = gen_random_uuid() WHERE {FIFTH}",
            RECHAIN,
            "UPDATE audit_auditleaf l SET chain = e.chain FROM audit_auditentry e "
            "WHERE e.organization_id = l.organization_id AND e.position = l.position",
        ],
        "rewritten",
    ),
    "a cut tail with its heads": (
        [
            "DELETE FROM audit_auditentry WHERE organization_id = '{organization}' AND position > 8",
            "DELETE FROM audit_auditleaf WHERE head = 2 AND organization_id = '{organization}'",
        ],
        "rewritten",
    ),
    "a head with another root": (["UPDATE audit_audithead SET root = sha256(root) WHERE number = 2"], "forged"),
    "a deleted head": (["DELETE FROM audit_audithead WHERE number = 1"], "forged"),
}


def test_goal_28_an_untouched_log_is_sound(log: Pair) -> None:
    """The control of every case below."""
    assert found(log) == set()
    assert verify.organization(log.organization_id).entries >= 10
    assert verify.signed_heads().heads == 2


@pytest.mark.parametrize("case", TAMPERED)
def test_goal_28_tampering_is_found(log: Pair, case: str) -> None:
    statements, problem = TAMPERED[case]
    tamper(log, *statements)
    assert problem in found(log)


def test_goal_28_an_edited_entry_is_named_exactly(log: Pair) -> None:
    tamper(log, f"UPDATE audit_auditentry SET via = 'elsewhere' WHERE {FIFTH}")
    findings = verify.organization(log.organization_id).findings
    assert [(finding.problem, finding.position) for finding in findings if finding.problem == "changed"] == [
        ("changed", 5)
    ]


REWRITTEN_FROM_THE_START = [
    "DELETE FROM audit_auditentry WHERE organization_id = '{organization}' AND position > 8",
    f"UPDATE audit_auditentry SET actor_id = gen_random_uuid() WHERE {FIFTH}",
    RECHAIN,
    "DELETE FROM audit_auditleaf",
    "DELETE FROM audit_audithead",
]


def test_goal_28_a_history_that_was_replaced_and_signed_anew_is_found_by_its_anchors(
    log: Pair, locked_bucket: str
) -> None:
    """The installation itself signs the replaced history in the next minute: only what lies outside can tell."""
    tasks.seal_the_minute()
    assert problems(verify.anchored()) == set()

    tamper(log, *REWRITTEN_FROM_THE_START)
    heads.sign_next()

    assert found(log) == set()
    assert problems(verify.anchored()) == {"conflict"}
    with pytest.raises(anchors.AnchorConflict):
        anchors.anchor_waiting()


def test_goal_28_a_history_that_was_replaced_and_signed_anew_is_found_by_an_owners_mail(
    log: Pair, tmp_path: Path
) -> None:
    with current.acting_for(log.organization_id):
        kept = Receipt.from_token(heads.receipt().as_token())
    assert problems(verify.against(kept.head)) == set()

    tamper(log, *REWRITTEN_FROM_THE_START)
    heads.sign_next()

    assert problems(verify.against(kept.head)) == {"conflict"}
    with current.acting_for(log.organization_id):
        lines = list(export.lines(by=None))
    assert problems(offline.verify(lines, public_key=heads.public_key())) == set()
    assert problems(offline.verify(lines, public_key=heads.public_key(), kept=[kept])) == {"truncated"}


def test_goal_28_a_log_that_is_gone_whole_is_found_by_its_anchors(log: Pair, locked_bucket: str) -> None:
    tasks.seal_the_minute()
    tamper(log, "TRUNCATE audit_auditentry, audit_auditleaf, audit_audithead")
    assert problems(verify.anchored()) == {"conflict"}


def test_goal_28_anchored_heads_are_locked_each_on_its_own(log: Pair, locked_bucket: str) -> None:
    tasks.seal_the_minute()
    s3 = boto3.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=locked_bucket)["Contents"]]
    assert [key.rpartition("/")[2] for key in keys] == ["000000000001.json", "000000000002.json"]
    for key in keys:
        version = s3.list_object_versions(Bucket=locked_bucket, Prefix=key)["Versions"][0]["VersionId"]
        assert s3.head_object(Bucket=locked_bucket, Key=key)["ObjectLockMode"] == "COMPLIANCE"
        with pytest.raises(s3.exceptions.ClientError):
            s3.delete_object(Bucket=locked_bucket, Key=key, VersionId=version)
    assert problems(verify.anchors_complete()) == set()


def exported(pair: Pair) -> list[str]:
    with current.acting_for(pair.organization_id):
        return list(export.lines(by=pair.ada.pk))


def edited(line: str, **changes: Any) -> str:
    return json.dumps({**json.loads(line), **changes})


def _drop_fifth(lines: list[str]) -> list[str]:
    return lines[:5] + lines[6:]


def _renumbered(lines: list[str]) -> list[str]:
    kept = _drop_fifth(lines)
    return [edited(line, position=n) if 0 < n < len(kept) - 1 else line for n, line in enumerate(kept)]


def _swapped(lines: list[str]) -> list[str]:
    lines[5], lines[6] = edited(lines[6], position=5), edited(lines[5], position=6)
    return lines


def _with_receipt(lines: list[str], change: Callable[[dict[str, Any]], None]) -> list[str]:
    receipt = json.loads(lines[-1])
    change(receipt["receipt"])
    return [*lines[:-1], json.dumps(receipt)]


def _cut_with_receipt(lines: list[str]) -> list[str]:
    def shorter(receipt: dict[str, Any]) -> None:
        receipt["position"] -= 1

    return _with_receipt([*lines[:-2], lines[-1]], shorter)


def _foreign(lines: list[str]) -> list[str]:
    return [edited(lines[0], organization=str(uuid4())), *lines[1:]]


def _by_another_key(lines: list[str]) -> list[str]:
    key = Ed25519PrivateKey.generate()
    kept = Receipt.from_json(json.loads(lines[-1])["receipt"])
    signature = key.sign(kept.head.signed_content).hex()

    def resigned(receipt: dict[str, Any]) -> None:
        receipt["head"]["signature"] = signature

    return _with_receipt([edited(lines[0], public_key=key.public_key().public_bytes_raw().hex()), *lines[1:]], resigned)


EXPORTS: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "an edited word": (lambda lines: [*lines[:5], edited(lines[5], facts={"number": 9}), *lines[6:]], "changed"),
    "an edited column": (lambda lines: [*lines[:5], edited(lines[5], actor=str(uuid4())), *lines[6:]], "rewritten"),
    "a word taken out": (lambda lines: [*lines[:5], edited(lines[5], facts=None), *lines[6:]], "unreadable"),
    "a deleted entry": (_drop_fifth, "missing"),
    "a deleted entry, renumbered": (_renumbered, "truncated"),
    "an inserted entry": (lambda lines: [*lines[:5], lines[5], *lines[5:]], "missing"),
    "two entries in another order": (_swapped, "rewritten"),
    "another organization's name": (_foreign, "foreign"),
    "a cut tail": (lambda lines: [*lines[:-2], lines[-1]], "truncated"),
    "a cut tail with its receipt changed": (_cut_with_receipt, "forged"),
    "no receipt": (lambda lines: lines[:-1], "truncated"),
    "another signing key": (_by_another_key, "forged"),
    "a line of noise": (lambda lines: [*lines[:5], "{", *lines[5:]], "malformed"),
}


def test_goal_28_an_export_is_sound_and_holds_every_word(log: Pair) -> None:
    lines = exported(log)
    report = offline.verify(lines, public_key=heads.public_key())
    assert problems(report) == set()
    entries = [json.loads(line) for line in lines[1:-1]]
    assert report.entries == len(entries) == json.loads(lines[0])["entries"]
    assert entries[-1]["action"] == "audit.exported"
    assert {"number": 3} in [entry["facts"] for entry in entries]


@pytest.mark.parametrize("case", EXPORTS)
def test_goal_28_tampering_with_an_export_is_found(log: Pair, case: str) -> None:
    change, problem = EXPORTS[case]
    assert problem in problems(offline.verify(change(exported(log)), public_key=heads.public_key()))


def test_goal_28_an_export_is_verified_where_there_is_neither_django_nor_database(log: Pair, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text("\n".join(exported(log)))
    run = [sys.executable, "-m", "clockwise.audit.offline", str(file), "--key", heads.public_key().hex()]
    blocked = "import sys; sys.modules['django'] = None; import runpy; sys.argv = sys.argv[1:]; "
    blocked += "runpy.run_module('clockwise.audit.offline', run_name='__main__')"
    environment = {"PATH": os.environ["PATH"]}
    alone = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", blocked, *run[2:]],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert alone.returncode == 0, alone.stderr
    assert json.loads(alone.stdout.splitlines()[-1])["sound"] is True

    file.write_text("\n".join(_drop_fifth(exported(log))))
    cut = subprocess.run(run, env=environment, capture_output=True, text=True, check=False)
    assert cut.returncode == 1
    assert "missing" in cut.stderr


def test_goal_28_the_command_says_what_it_found_and_exits_with_1(
    log: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "export.jsonl"
    call_command("audit", "export", "--organization", str(log.organization_id), "--out", str(out))
    call_command("audit", "verify", "--export", str(out))
    call_command("audit", "verify")
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["sound"] is True
    assert out.stat().st_mode & 0o077 == 0

    tamper(log, f"UPDATE audit_auditentry SET via = 'elsewhere' WHERE {FIFTH}")
    with pytest.raises(SystemExit) as ended:
        call_command("audit", "verify")
    assert ended.value.code == 1
    assert "changed" in capsys.readouterr().err


def test_goal_28_a_quiet_log_is_signed_once_an_hour_and_a_growing_one_each_time(log: Pair) -> None:
    assert heads.sign_next() is None
    with current.organization(log.organization_id):
        record("team.created", by=log.ada.pk)
    head = heads.sign_next()
    assert head is not None
    assert head.number == 3


def test_goal_28_every_organization_finds_itself_under_the_same_root(log: Pair) -> None:
    receipts = []
    for organization_id in (log.organization_id, log.other_organization_id):
        with current.acting_for(organization_id):
            receipts.append(heads.receipt())
    assert receipts[0].head == receipts[1].head
    assert all(receipt.is_proved(heads.public_key()) for receipt in receipts)
    assert not Receipt(
        receipts[0].head, UUID(int=1), receipts[0].position, receipts[0].chain, receipts[0].place, receipts[0].path
    ).is_proved(heads.public_key())
    assert base64.urlsafe_b64decode(receipts[0].as_token())


def test_goal_28_nothing_waits_unchained(log: Pair) -> None:
    assert chain.organizations_waiting() == []
