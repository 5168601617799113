"""Who a verified Google identity is here."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from clockwise.encryption import keys
from clockwise.encryption.providers.key_file import KeyFile
from clockwise.google.id_token import Identity
from clockwise.organizations import lookups, members, signin
from clockwise.organizations.models import Member, Organization
from clockwise.organizations.roles import Role
from clockwise.tenancy import current
from tests.organizations import Pair


def identity(subject: str, email: str, domain: str | None) -> Identity:
    return Identity(
        subject=subject, email=email, email_verified=True, hosted_domain=domain, name=email.split("@")[0], picture=""
    )


def test_the_first_sign_in_of_a_workspace_domain_creates_its_organization_and_owner(database: None) -> None:
    reference = signin.reference_for(identity("1", "ada@new.example", "new.example"))

    with current.organization(reference.organization_id):
        member = Member.objects.get(pk=reference.member_id)
        assert member.role == Role.OWNER
        assert member.details.address == "ada@new.example"
        assert Organization.objects.get(pk=reference.organization_id).details.name == "new.example"


def test_the_second_person_of_a_domain_joins_as_a_member(database: None) -> None:
    first = signin.reference_for(identity("1", "ada@new.example", "new.example"))
    second = signin.reference_for(identity("2", "ben@new.example", "new.example"))

    assert second.organization_id == first.organization_id
    with current.organization(first.organization_id):
        assert Member.objects.get(pk=second.member_id).role == Role.MEMBER


def test_the_subject_is_the_identity_and_an_address_may_change(pair: Pair) -> None:
    reference = signin.reference_for(identity("1001", "ada.new-name@company.example", "company.example"))
    assert reference.member_id == pair.ada.pk


def test_an_address_that_was_given_to_somebody_else_opens_nothing(pair: Pair) -> None:
    with pytest.raises(signin.SignInRefused, match="address_reassigned"):
        signin.reference_for(identity("9999", "ada@company.example", "company.example"))


def test_a_consumer_account_is_refused(database: None) -> None:
    with pytest.raises(signin.SignInRefused, match="no_workspace"):
        signin.reference_for(identity("1", "someone@gmail.example", None))


def test_an_invited_owner_is_linked_at_the_first_sign_in_with_that_address(database: None) -> None:
    organization_id = members.create_organization(domain="new.example", name="New", plan="teams")
    with current.organization(organization_id):
        invited = members.add(address="Ada@New.example", name="Ada", role=Role.OWNER)

    reference = signin.reference_for(identity("7", "ada@new.example", "new.example"))

    assert reference.member_id == invited.pk
    assert lookups.member_by_subject("7") == reference


def test_a_domain_belongs_to_one_organization(pair: Pair) -> None:
    with pytest.raises(members.DomainTaken):
        members.create_organization(domain="Company.example", name="Again", plan="free")


def test_an_address_in_two_organizations_asks_which(pair: Pair) -> None:
    with current.organization(pair.other_organization_id):
        twin = members.add(address="ada@company.example", name="Ada")

    with pytest.raises(members.AmbiguousAddress):
        members.find("ada@company.example")
    assert members.find("ada@company.example", organization_domain="mallory.example").member_id == twin.pk


def test_the_master_key_is_never_asked_inside_a_transaction(
    database: None, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = []

    def noted(asked: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*arguments: Any) -> Any:
            inside.append(connection.in_atomic_block)
            return asked(*arguments)

        return ask

    for verb in ("wrap", "unwrap"):
        monkeypatch.setattr(KeyFile, verb, noted(getattr(KeyFile, verb)))
    keys.forget_all()

    signin.reference_for(identity("1", "ada@new.example", "new.example"))
    keys.forget_all()
    reference = signin.reference_for(identity("2", "ben@new.example", "new.example"))
    keys.forget_all()
    with current.organization(reference.organization_id):
        assert Member.objects.get(pk=reference.member_id).details.address == "ben@new.example"

    assert inside
    assert not any(inside)
