"""The trust centre says what is so: each figure is measured here a second time, in another way. Goals 27 and 39."""

import re
import socket
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection
from django.test import Client

from clockwise import clock
from clockwise.audit import heads
from clockwise.audit.models import AuditEntry
from clockwise.organizations.models import Member
from clockwise.organizations.roles import ENDPOINTS, Role
from clockwise.tenancy import current
from privacy import egress, legal, register
from privacy.models import Agreement
from tests.company import MONDAY, Company, meeting
from tests.organizations import Pair
from tests.security.endpoints import sign_in

Json = dict[str, Any]
PATHS = [document.path for document in legal.DOCUMENTS]


@pytest.mark.parametrize("path", PATHS)
def test_goal_39_every_document_is_public_versioned_and_hashed(database: None, path: str) -> None:
    page = Client().get(path)
    assert page.status_code == 200
    text = page.content.decode()
    [document] = [each for each in legal.DOCUMENTS if each.path == path]
    assert f"Version {document.version}" in text
    assert legal.digest(document) in text
    assert text.count("<h1>") == 1


def test_goal_39_a_changed_text_has_another_hash(database: None, settings: Any) -> None:
    document = legal.BY_NAME["disclosure"]
    before = legal.digest(document)
    settings.CLOCKWISE_SECURITY_CONTACT = "other@company.example"
    assert legal.digest(document) != before


def test_an_unknown_document_is_not_there(database: None) -> None:
    assert Client().get("/legal/nonsense").status_code == 404


def figures() -> Json:
    answer = Client().get("/trust.json")
    assert answer.status_code == 200
    found: Json = answer.json()
    return found


def counted(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])


def test_goal_39_figures_of_the_walls_are_the_catalogs(database: None) -> None:
    said = figures()["tenancy"]
    columns = "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public' AND column_name = "
    assert said["tenant_tables"] == counted(columns + "'organization_id'")
    policies = "SELECT count(DISTINCT tablename) FROM pg_policies WHERE schemaname = 'public' AND policyname = 'tenant'"
    assert said["tenant_tables"] - said["unprotected"] == counted(policies)
    assert said["application_bypasses_row_level_security"] is False
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM calendars_event")
        assert cursor.fetchone() == (0,)


def test_goal_39_figures_of_the_register_are_the_schemas(database: None) -> None:
    said = figures()["data_register"]
    tables = counted(
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' "
        "AND table_name <> 'django_migrations'"
    )
    assert said["tables"] == tables
    assert said["undeclared_columns"] == 0
    named = [
        table.class_of(column.name) for table in register.tables() for column in table.model._meta.local_concrete_fields
    ]
    assert named.count("personal") == said["personal_columns"]
    assert named.count("secret") == said["secret_columns"]


def test_goal_39_figures_of_the_browser_are_what_a_browser_gets(database: None, google: object) -> None:
    said = figures()
    page = Client().get("/trust")
    assert said["transport"]["content_security_policy"] == page.headers["Content-Security-Policy"]
    trip = Client().get("/accounts/google/login?connect=calendar").headers["Location"]
    asked = dict(parse_qsl(urlsplit(trip).query))["scope"].split()
    assert set(asked) == {*said["sign_in"]["scopes"]["identity"], *said["sign_in"]["scopes"]["calendars"]}
    assert said["sign_in"]["passwords"] == 0


def test_goal_39_roles_events_documents_and_key_are_the_real_ones(pair: Pair) -> None:
    said = figures()
    assert {line["endpoint"] for line in said["roles"]} == set(ENDPOINTS)
    with current.organization(pair.organization_id):
        assert set(AuditEntry.objects.values_list("action", flat=True)) <= set(said["audit"]["events"])
    head = heads.sign_next()
    assert head is not None
    assert figures()["audit"]["latest_head"]["root"] == head.root.hex()
    for document in said["documents"]:
        page = Client().get(urlsplit(document["url"]).path).content.decode()
        assert document["sha256"] in page
    assert said["certificates"] == []
    for each in said["sub_processors"]:
        assert each["name"] in Client().get("/legal/subprocessors").content.decode()


def test_goal_39_security_txt_is_as_the_rfc_wants_it(database: None) -> None:
    answer = Client().get("/.well-known/security.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answer.content.decode().splitlines())
    assert fields["Contact"].startswith("mailto:")
    expires = datetime.strptime(fields["Expires"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert clock.now() < expires < clock.now() + timedelta(days=365)
    assert Client().get(urlsplit(fields["Policy"]).path).status_code == 200
    assert urlsplit(fields["Canonical"]).path == "/.well-known/security.txt"


def test_the_feed_lists_who_the_page_lists(database: None) -> None:
    feed = ElementTree.fromstring(Client().get("/legal/subprocessors.rss").content)
    titles = [item.findtext("title") for item in feed.iter("item")]
    assert titles == [each.name for each in legal.sub_processors()]


def test_status_says_what_works(database: None) -> None:
    page = Client().get("/status").content.decode()
    assert re.search(r"Database</th><td><span class=\"tag good\">", page)
    assert "does not answer" in page  # nothing is signed yet


def test_the_agreement_is_accepted_by_an_owner_once_and_for_the_text_that_was_read(pair: Pair) -> None:
    def browser(member: Member, role: Role) -> Client:
        client = Client()
        with current.organization(member.organization_id):
            Member.objects.filter(pk=member.pk).update(role=role)
            sign_in(client, Member.objects.get(pk=member.pk))
        return client

    sha256 = legal.digest(legal.BY_NAME["dpa"])
    assert browser(pair.ben, Role.ADMIN).post("/legal/dpa/accept", {"sha256": sha256}).status_code == 403
    owner = browser(pair.ada, Role.OWNER)
    assert owner.post("/legal/dpa/accept", {"sha256": "0" * 64}).status_code == 422
    for _ in range(2):
        assert owner.post("/legal/dpa/accept", {"sha256": sha256}).status_code == 302
    assert b'data-testid="accepted"' in owner.get("/legal/dpa").content
    with current.organization(pair.organization_id):
        assert Agreement.objects.get().sha256 == sha256
        assert AuditEntry.objects.filter(action="privacy.agreement_accepted").count() == 1
    with current.organization(pair.other_organization_id):
        assert not Agreement.objects.exists()


@pytest.fixture
def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests in this process have talked to is no part of it."""
    monkeypatch.setattr(egress, "_saved", set())
    monkeypatch.setattr(egress, "_unsaved", set())
    egress._client().delete(egress.KEY)


def test_goal_27_a_day_of_work_talks_to_published_hosts_alone(unheard: None, company: Company) -> None:
    company.insert("ada", meeting("Plan", MONDAY, 10, 60, "ada", "ben"))
    company.sync()
    Client().get("/trust")
    assert egress.outside(egress.seen()) == []


def test_goal_27_control_a_host_that_is_not_published_is_seen_and_named(database: None, settings: Any) -> None:
    with pytest.raises(OSError):
        socket.getaddrinfo("elsewhere.invalid", 443)
    assert "elsewhere.invalid" in egress._unsaved
    assert "elsewhere.invalid" in egress.outside(egress.seen())
    egress._client().srem(egress.KEY, "elsewhere.invalid")
    egress._saved.discard("elsewhere.invalid")


def test_the_published_hosts_follow_the_settings(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.GOOGLE = {"GOOGLE_API_ROOT": "https://www.googleapis.com/", "GOOGLE_CLIENT_ID": "x"}
    settings.CLOCKWISE_KEY_PROVIDER = "kms"
    settings.CLOCKWISE_KEYSTORE = "s3://bucket/prefix"
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "db1.example,db2.example")
    settings.REDIS_URL = "rediss://redis.example:6379/0"
    hosts = egress.published()
    assert {"www.googleapis.com", "db1.example", "db2.example", "redis.example"} <= set(hosts)
    assert any(host.startswith("kms.") for host in hosts)
    assert [each.in_use for each in legal.sub_processors()] == [True, True]
