"""Celery tasks act for the organization that their message names, and for no other."""

from typing import Any

import pytest
from celery import current_app

from clockwise.organizations.models import Member
from clockwise.tenancy import current
from clockwise.tenancy.tasks import HEADER, tenant_task
from tests.organizations import Pair

seen: list[list[str]] = []


@tenant_task(name="tests.members_seen")
def members_seen() -> None:
    with current.transaction():
        seen.append(sorted(str(member.pk) for member in Member.objects.all()))


@tenant_task(name="tests.was_here")
def was_here() -> None:
    seen.append([])


@pytest.fixture(autouse=True)
def _eager() -> Any:
    seen.clear()
    before = current_app.conf.task_always_eager
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = before


def test_a_task_sees_the_organization_that_sent_it(pair: Pair) -> None:
    with current.acting_for(pair.other_organization_id):
        members_seen.delay()
    assert seen == [[str(pair.mallory.pk)]]


def test_a_task_is_not_sent_without_an_organization(pair: Pair) -> None:
    with pytest.raises(current.WrongOrganization):
        members_seen.delay()
    assert seen == []


def test_a_task_does_not_run_without_an_organization(pair: Pair) -> None:
    """Not even one that asks the database for nothing."""
    with pytest.raises(current.WrongOrganization):
        was_here()
    assert seen == []


def test_the_message_carries_the_organization_in_a_header_and_no_arguments(pair: Pair) -> None:
    signature = members_seen.signature()
    with current.acting_for(pair.organization_id):
        result = signature.apply_async(headers={"other": "1"})
    assert result is not None
    assert HEADER == "clockwise_organization"
    assert seen == [sorted([str(pair.ada.pk), str(pair.ben.pk)])]
