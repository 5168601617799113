"""What somebody was refused, ended or looked at leaves an entry (goal 28, ASVS 16.3)."""

from datetime import timedelta
from pathlib import Path

from django.core.management import call_command
from django.test import Client

from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.google.risc import Event, Signal
from clockwise.organizations import access, signals, tokens
from clockwise.organizations.models import Member
from clockwise.organizations.reasons import Reason
from clockwise.tenancy import current
from scheduling import run_requests
from tests import browser_trip
from tests.company import Company, address
from tests.organizations import Pair
from tests.security.endpoints import sign_in


def facts(organization_id: object, action: str) -> list[dict[str, object]]:
    with current.organization(organization_id):  # type: ignore[arg-type]
        return [entry.body.facts for entry in AuditEntry.objects.filter(action=action).order_by("pk")]


def signed_in(member: Member) -> Client:
    client = Client()
    with current.organization(member.organization_id):
        sign_in(client, member)
    return client


def test_goal_28_an_address_that_a_role_does_not_open_is_written_down(pair: Pair) -> None:
    assert signed_in(pair.ben).get("/organization/members/").status_code == 403

    with current.organization(pair.organization_id):
        [entry] = AuditEntry.objects.filter(action="role.refused")
        assert entry.actor_id == pair.ben.pk
        assert entry.body.facts == {"address": "organization-members", "method": "GET"}


def test_goal_28_what_a_role_opens_is_no_refusal(pair: Pair) -> None:
    assert signed_in(pair.ada).get("/organization/members/").status_code == 200
    assert facts(pair.organization_id, "role.refused") == []


def test_goal_28_a_refused_sign_in_is_in_the_log_of_its_organization(company: Company, client: Client) -> None:
    with company.inside():
        access.end(company.member("ben"), reason=Reason.ADMIN)

    assert browser_trip.sign_in(client, address("ben")).status_code == 403

    assert facts(company.organization_id, "session.refused") == [{"reason": "inactive"}]
    assert facts(company.other_organization_id, "session.refused") == []


def test_goal_28_tokens_that_end_with_access_are_named(pair: Pair) -> None:
    with current.organization(pair.organization_id):
        tokens.create(pair.ben, scopes={"read"})
        access.end(pair.ben, reason=Reason.ADMIN)
        access.end(pair.ben, reason=Reason.ADMIN)

    assert len(facts(pair.organization_id, "api_token.revoked")) == 1


def test_goal_28_a_signal_from_before_the_last_sign_in_is_passed_over_and_said(pair: Pair) -> None:
    signed_in(pair.ben)
    late = Signal("1", clock.now() - timedelta(hours=1), (Event("account-disabled", "1002", ""),))

    assert signals.hear(late)

    assert facts(pair.organization_id, "access.signal_refused") == [{"kind": "account-disabled"}]
    assert facts(pair.organization_id, "access.ended") == []


def test_goal_28_searching_the_log_is_in_the_log_and_looking_at_it_is_not(pair: Pair) -> None:
    browser = signed_in(pair.ada)
    browser.get("/organization/audit/")
    assert facts(pair.organization_id, "audit.searched") == []

    browser.get("/organization/audit/?action=member.")

    assert len(facts(pair.organization_id, "audit.searched")) == 1


def test_goal_28_a_run_is_known_by_who_asked_for_it(company: Company) -> None:
    with company.inside():
        run = run_requests.create(by=company.member("ada"))

    with company.inside():
        entry = AuditEntry.objects.get(action="run.started")
        assert (entry.actor_id, entry.target_id) == (company.ids["ada"], run.pk)


def test_goal_28_a_backup_of_the_keys_and_its_return_are_in_every_organizations_log(pair: Pair, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    call_command("keys", "backup", "--to", str(tmp_path))
    call_command("keys", "restore", "--from", str(tmp_path))

    for organization_id in (pair.organization_id, pair.other_organization_id):
        assert len(facts(organization_id, "backup.made")) == 1
        assert facts(organization_id, "backup.restored") == [{"keys": 0}]
