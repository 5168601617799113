"""Goal 29: staff see nothing without papers, reason, consent and time; ciphertext by default; every look is logged."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO
from typing import Any, NoReturn
from uuid import UUID, uuid4

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from clockwise import clock
from clockwise.audit.models import AuditEntry
from clockwise.organizations import members
from clockwise.organizations.models import ApiToken, Member
from clockwise.organizations.roles import ENDPOINTS, Caller
from clockwise.tenancy import current
from clockwise.tenancy.models import TenantModel
from privacy import legal, register, staff, staff_access
from privacy.legal import Document
from privacy.models import PolicySignature, StaffAccess, StaffMember
from tests.company import SUNDAY_NOON
from tests.organizations import Pair
from tests.security.endpoints import addresses, sign_in
from tests.security.rows import fill

REASON = "Ticket 4711: calendars stopped to synchronize on Friday."
WORD = "CanaryOfTheCompany"
PAGES = [address for address in addresses() if address.name.startswith("staff")]


@dataclass
class Operator:
    """Olga works for the operator; Pete is a colleague of hers who isn't on the staff."""

    organization_id: UUID
    olga: Member
    pete: Member

    def browser(self, member: Member) -> Client:
        client = Client()
        with current.organization(self.organization_id):
            sign_in(client, member)
        return client


@pytest.fixture
def operator(pair: Pair, settings: Any) -> Iterator[Operator]:
    settings.CLOCKWISE_OPERATOR_DOMAIN = "operator.example"
    with clock.stopped(SUNDAY_NOON):
        made = members.create_organization(domain="operator.example", name="Operator", plan="enterprise")
        with current.organization(made):
            olga = members.add(address="olga@operator.example", name="Olga", subject="3001")
            pete = members.add(address="pete@operator.example", name="Pete", subject="3002")
        yield Operator(made, olga, pete)


def give_papers(operator: Operator) -> StaffMember:
    with current.organization(operator.organization_id):
        day = clock.now().date()
        person = staff.register(operator.olga, checked_on=day, trained_on=day)
        for policy in staff.POLICIES:
            staff.sign(person, policy, legal.digest(policy))
        return person


def answers(client: Client) -> dict[str, int]:
    """Each staff address with each method that it knows."""
    return {
        f"{method} {page.name}": client.generic(method, page.path(), content_type="application/json").status_code
        for page in PAGES
        for method in ENDPOINTS[page.name].callers
    }


def asked(operator: Operator, *, words: bool = False, minutes: int = 60) -> UUID:
    return staff_access.ask(operator.olga, domain="company.example", reason=REASON, minutes=minutes, wants_words=words)


def granted(operator: Operator, pair: Pair, *, words: bool = False) -> UUID:
    access_id = asked(operator, words=words)
    with current.organization(pair.organization_id):
        staff_access.grant(access_id, by=pair.ada, words=words)
    return access_id


def actions(pair: Pair, prefix: str = "staff.") -> list[str]:
    with current.organization(pair.organization_id):
        entries = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
        return [action for action in entries if action.startswith((prefix, "privacy.consent"))]


def crawl(client: Client, access_id: UUID) -> str:
    """Every table of an access, in full, as one text. Refusals are part of it."""
    pages = [client.get(f"/staff/{access_id}/").content.decode()]
    for table in register.tables():
        path = f"/staff/{access_id}/{table.name}/"
        while path:
            page = client.get(path).content.decode()
            pages.append(page)
            older = re.search(r'href="(\?before=[^"]+)"', page)
            path = f"/staff/{access_id}/{table.name}/{older[1]}" if older else ""
    return "\n".join(pages)


def test_goal_29_nobody_but_staff_opens_a_staff_page(operator: Operator) -> None:
    give_papers(operator)
    assert all(callers == {Caller.STAFF} for page in PAGES for callers in ENDPOINTS[page.name].callers.values())
    assert set(answers(operator.browser(operator.pete)).values()) == {403}
    assert set(answers(operator.browser(operator.olga)).values()) <= {200, 403, 404, 422}
    assert answers(operator.browser(operator.olga))["GET staff"] == 200


@pytest.mark.parametrize("missing", ["background check", "training", *(policy.name for policy in staff.POLICIES)])
def test_goal_29_one_missing_paper_closes_every_staff_page(operator: Operator, missing: str) -> None:
    person = give_papers(operator)
    client = operator.browser(operator.olga)
    assert client.get("/staff/").status_code == 200
    with current.organization(operator.organization_id):
        dates = {"background check": "background_checked_on", "training": "trained_on"}
        if missing in dates:
            StaffMember.objects.filter(pk=person.pk).update(**{dates[missing]: None})
        else:
            PolicySignature.objects.filter(policy=missing).delete()
        assert [paper.name for paper in staff.papers(StaffMember.objects.get()) if not paper.is_valid] == [missing]
    assert set(answers(client).values()) == {403}
    assert client.get("/account/staff/").status_code == 200


def test_goal_29_a_changed_policy_closes_every_page_until_it_is_signed(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_papers(operator)
    client = operator.browser(operator.olga)
    real = legal.text_of

    def changed(document: Document) -> str:
        return real(document) + ("<p>And one rule more.</p>" if document.name == "staff_security" else "")

    monkeypatch.setattr(legal, "text_of", changed)
    assert set(answers(client).values()) == {403}
    page = client.get("/account/staff/").content.decode()
    assert page.count('data-testid="sign"') == 1
    body = {"policy": "staff_security", "sha256": "0" * 64}
    client.post("/account/staff/", body)
    assert client.get("/staff/").status_code == 403
    client.post("/account/staff/", {**body, "sha256": re.search(r'name="sha256" value="(\w{64})"', page)[1]})  # type: ignore[index]
    assert client.get("/staff/").status_code == 200


@pytest.mark.parametrize(("days", "status"), [(363, 200), (366, 403)])
def test_goal_29_training_and_signatures_are_renewed_each_year(operator: Operator, days: int, status: int) -> None:
    give_papers(operator)
    with clock.stopped(SUNDAY_NOON + timedelta(days=days)):
        assert operator.browser(operator.olga).get("/staff/").status_code == status


def test_goal_29_without_the_setting_nobody_is_staff(operator: Operator, settings: Any) -> None:
    give_papers(operator)
    client = operator.browser(operator.olga)
    for domain in ("", "company.example", "nowhere.example"):
        settings.CLOCKWISE_OPERATOR_DOMAIN = domain
        assert set(answers(client).values()) == {403}
        assert client.get("/account/staff/").status_code == 404


def test_goal_29_without_consent_nothing_is_shown(operator: Operator, pair: Pair) -> None:
    give_papers(operator)
    fill(pair.ada, WORD)
    client = operator.browser(operator.olga)

    def nothing(access_id: UUID, row: UUID = uuid4()) -> bool:  # noqa: B008 - any id will do
        opened = client.post(f"/staff/{access_id}/organizations.member/{row}/open")
        return client.get(f"/staff/{access_id}/").status_code == 403 and opened.status_code == 403

    asked_only, refused, over, taken_back = (asked(operator, words=True) for _ in range(4))
    with current.organization(pair.organization_id):
        staff_access.refuse(refused, by=pair.ada)
        staff_access.grant(over, by=pair.ada, words=True)
        staff_access.grant(taken_back, by=pair.ada, words=True)
    assert client.get(f"/staff/{taken_back}/").status_code == 200
    with current.organization(pair.organization_id):
        staff_access.withdraw(taken_back, by=pair.ben)
    assert all(nothing(access_id) for access_id in (asked_only, refused, taken_back, uuid4()))
    assert client.get(f"/staff/{over}/").status_code == 200
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=60)):
        client = operator.browser(operator.olga)
        assert nothing(over, pair.ben.pk)
        assert WORD not in crawl(client, over)
    assert "staff.access_refused" in actions(pair)


def test_goal_29_consent_is_for_one_person_and_one_organization(operator: Operator, pair: Pair) -> None:
    give_papers(operator)
    access_id = granted(operator, pair)
    with current.organization(operator.organization_id):
        person = staff.register(operator.pete, checked_on=date(2027, 1, 1), trained_on=date(2027, 1, 1))
        for policy in staff.POLICIES:
            staff.sign(person, policy, legal.digest(policy))
    colleague = operator.browser(operator.pete)
    assert colleague.get("/staff/").status_code == 200
    assert colleague.get(f"/staff/{access_id}/").status_code == 403
    page = operator.browser(operator.olga).get(f"/staff/{access_id}/organizations.member/").content.decode()
    assert str(pair.ben.pk) in page
    assert str(pair.mallory.pk) not in page
    assert str(operator.olga.pk) not in page


def test_goal_29_by_default_every_sealed_value_is_ciphertext(operator: Operator, pair: Pair) -> None:
    give_papers(operator)
    rows = fill(pair.ada, WORD)
    text = crawl(operator.browser(operator.olga), granted(operator, pair))
    assert WORD not in text
    assert "ada@company.example" not in text
    assert all(str(row.pk) in text for row in rows.values() if not isinstance(row, StaffAccess))
    assert text.count('data-testid="sealed"') > 20
    assert 'data-testid="open"' not in text


def test_goal_29_consent_for_ciphertext_opens_no_word(operator: Operator, pair: Pair) -> None:
    give_papers(operator)
    access_id = granted(operator, pair)
    path = f"/staff/{access_id}/organizations.member/{pair.ben.pk}/open"
    assert operator.browser(operator.olga).post(path).status_code == 403
    assert "staff.decrypted" not in actions(pair)
    assert actions(pair)[-1] == "staff.access_refused"


def test_goal_29_no_more_is_allowed_than_was_asked_for(operator: Operator, pair: Pair) -> None:
    access_id = asked(operator, words=False)
    with current.organization(pair.organization_id):
        assert not staff_access.grant(access_id, by=pair.ada, words=True).words_allowed


def test_goal_29_each_opened_row_leaves_one_entry_and_its_owner_sees_it(operator: Operator, pair: Pair) -> None:
    give_papers(operator)
    rows = fill(pair.ada, WORD)
    access_id = granted(operator, pair, words=True)
    client = operator.browser(operator.olga)
    opened = 0
    for model, row in rows.items():
        if model is StaffAccess:
            continue
        page = client.post(f"/staff/{access_id}/{model._meta.label_lower}/{row.pk}/open")
        assert page.status_code == 200
        opened += 1
        assert actions(pair).count("staff.decrypted") == opened
        assert secrets_in(page.content.decode(), row) == []
    with current.organization(pair.organization_id):
        entry = AuditEntry.objects.filter(action="staff.decrypted", target_id=pair.ada.pk).first()
        assert entry is not None
        assert entry.actor_id == operator.olga.pk
        assert entry.body.facts["access"] == str(access_id)
    ada = Client()
    with current.organization(pair.organization_id):
        sign_in(ada, pair.ada)
    assert "Olga (staff)" in ada.get("/privacy/").content.decode()
    assert "Olga (staff)" in ada.get("/organization/audit/?action=staff.").content.decode()
    console = ada.get("/organization/staff-access/").content.decode()
    assert "Olga" in console
    assert REASON in console


def secrets_in(page: str, row: TenantModel) -> list[str]:
    """Secret columns whose value the page shows in any form."""
    [table] = [table for table in register.tables() if table.model is type(row)]
    values = {name: row.__dict__.get(name) for name in table.secret}
    return [name for name, value in values.items() if isinstance(value, bytes) and value[:8].hex(" ") in page]


def test_goal_29_a_token_is_shown_in_no_form(operator: Operator, pair: Pair) -> None:
    give_papers(operator)
    token = fill(pair.ada, WORD)[ApiToken]
    access_id = granted(operator, pair, words=True)
    page = operator.browser(operator.olga).get(f"/staff/{access_id}/organizations.apitoken/").content.decode()
    assert "secret, never shown" in page
    assert secrets_in(page, token) == []


def test_goal_29_nobody_consents_to_their_own_look(operator: Operator) -> None:
    give_papers(operator)
    access_id = staff_access.ask(operator.olga, domain="operator.example", reason=REASON, minutes=60, wants_words=False)
    with current.organization(operator.organization_id), pytest.raises(staff_access.BadAccess):
        staff_access.grant(access_id, by=operator.olga, words=False)


def test_goal_29_a_request_lapses_and_is_decided_once(operator: Operator, pair: Pair) -> None:
    first, second = asked(operator), asked(operator)
    with current.organization(pair.organization_id):
        staff_access.refuse(first, by=pair.ada)
        with pytest.raises(staff_access.BadAccess, match="refused"):
            staff_access.grant(first, by=pair.ada, words=False)
        with clock.stopped(SUNDAY_NOON + timedelta(days=7)), pytest.raises(staff_access.BadAccess, match="lapsed"):
            staff_access.grant(second, by=pair.ada, words=False)


@pytest.mark.parametrize(
    "wrong",
    [{"reason": "please"}, {"minutes": 14}, {"minutes": 481}, {"domain": "nowhere.example"}, {"reason": " " * 30}],
)
def test_asking_needs_a_reason_a_time_and_an_organization(operator: Operator, wrong: dict[str, Any]) -> None:
    good: dict[str, Any] = {"domain": "company.example", "reason": REASON, "minutes": 60, "wants_words": False}
    with pytest.raises(staff_access.BadAccess):
        staff_access.ask(operator.olga, **{**good, **wrong})


def test_admins_are_told_by_mail_once(operator: Operator, pair: Pair) -> None:
    asked(operator)
    with current.acting_for(pair.organization_id):
        assert staff_access.tell_administrators() == 1
        assert staff_access.tell_administrators() == 0
    [told] = mail.outbox
    assert told.bcc == ["ada@company.example"]
    assert REASON not in told.body


def test_an_admin_decides_on_the_page(operator: Operator, pair: Pair) -> None:
    access_id = asked(operator, words=True)
    ada = Client()
    with current.organization(pair.organization_id):
        sign_in(ada, pair.ada)
    page = f"/organization/staff-access/{access_id}"
    assert ada.post(f"{page}/grant", {"words": "yes", "confirm": "no"}).status_code == 422
    assert ada.post(f"{page}/grant", {"words": "yes", "confirm": " Allow "}).status_code == 302
    assert ada.post(f"{page}/refuse").status_code == 422
    assert ada.post(f"{page}/withdraw").status_code == 302
    assert ada.post(f"{page}/withdraw").status_code == 422
    assert actions(pair) == ["staff.access_asked", "privacy.consent_given", "privacy.consent_withdrawn"]


def test_a_staff_member_asks_looks_and_closes_on_the_pages(operator: Operator, pair: Pair) -> None:
    give_papers(operator)
    client = operator.browser(operator.olga)
    body = {"domain": "company.example", "reason": REASON, "minutes": "30"}
    assert client.post("/staff/", {**body, "minutes": "x"}).status_code == 422
    assert client.post("/staff/", body).status_code == 302
    assert REASON in client.get("/staff/").content.decode()
    with current.organization(pair.organization_id):
        access = StaffAccess.objects.get()
        staff_access.grant(access.pk, by=pair.ada, words=False)
    assert client.get(f"/staff/{access.pk}/nonsense/").status_code == 404
    assert client.get(f"/staff/{access.pk}/organizations.member/").status_code == 200
    assert client.post(f"/staff/{access.pk}/close").status_code == 302
    assert client.get(f"/staff/{access.pk}/").status_code == 403
    assert [action for action in actions(pair) if action in ("staff.session_opened", "staff.session_closed")] == [
        "staff.session_opened",
        "staff.session_closed",
    ]


def test_a_mistake_of_ours_is_not_taken_for_a_table_that_there_is_not(
    operator: Operator, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> NoReturn:
        raise KeyError("tables")

    give_papers(operator)
    access_id = granted(operator, pair)
    monkeypatch.setattr(staff_access, "tables", broken)
    with pytest.raises(KeyError):
        operator.browser(operator.olga).get(f"/staff/{access_id}/")


def command(*words: str) -> dict[str, Any]:
    out = StringIO()
    call_command("staff", *words, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return answer


def test_the_register_is_kept_by_command(operator: Operator) -> None:
    added = command("register", "--email", "olga@operator.example", "--checked-on", "2027-02-01")
    assert added["missing"] == ["training", *(policy.name for policy in staff.POLICIES)]
    command("register", "--email", "olga@operator.example", "--trained-on", "2027-02-01")
    assert command("list")["staff"][0]["missing"] == [policy.name for policy in staff.POLICIES]
    for wrong in ("ada@company.example", "nobody@operator.example"):
        with pytest.raises(CommandError):
            command("register", "--email", wrong)
    with pytest.raises(CommandError, match="future"):
        command("register", "--email", "olga@operator.example", "--trained-on", "2027-03-02")
    client = operator.browser(operator.olga)
    assert client.get("/account/staff/").status_code == 200
    command("remove", "--email", "olga@operator.example")
    assert command("list") == {"staff": []}
    assert client.get("/account/staff/").status_code == 404


def test_goal_29_control_without_the_gate_missing_papers_open_the_pages(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff, "may_work", lambda member: True)
    assert answers(operator.browser(operator.olga))["GET staff"] == 200


def test_goal_29_control_without_consent_or_with_words_the_canary_is_found(
    operator: Operator, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_papers(operator)
    fill(pair.ada, WORD)
    access_id = granted(operator, pair)
    monkeypatch.setattr(staff_access, "_refusal", lambda access, words: "")
    with clock.stopped(SUNDAY_NOON + timedelta(minutes=60)):
        assert str(pair.ben.pk) in crawl(operator.browser(operator.olga), access_id)
    monkeypatch.setattr(staff_access, "_cell", _in_words)
    assert WORD in crawl(operator.browser(operator.olga), access_id)


def _in_words(table: register.Table, row: TenantModel, column: Any) -> staff_access.Cell:
    return staff_access.Cell(column.name, "plain", str(getattr(row, column.attname)))
