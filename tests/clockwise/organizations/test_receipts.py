"""The audit log's receipts, mailed to the owners."""

import pytest
from django.core import mail
from pytest_django import Settings

from clockwise.audit import heads
from clockwise.audit.signatures import Receipt
from clockwise.organizations import receipts
from tests.organizations import Pair


@pytest.fixture(autouse=True)
def _outbox(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []


def test_owners_get_their_own_organizations_receipt_and_nobody_else_does(pair: Pair) -> None:
    heads.sign_next()
    assert receipts.mail_all() == 2
    assert sorted(address for sent in mail.outbox for address in sent.to) == [
        "ada@company.example",
        "mallory@mallory.example",
    ]
    [sent] = [sent for sent in mail.outbox if sent.to == ["ada@company.example"]]
    token = sent.body.strip().splitlines()[-1]
    receipt = Receipt.from_token(token)
    assert receipt.organization_id == pair.organization_id
    assert receipt.is_proved(heads.public_key())


def test_without_a_signed_head_nothing_is_mailed(pair: Pair) -> None:
    assert receipts.mail_all() == 0
    assert mail.outbox == []
