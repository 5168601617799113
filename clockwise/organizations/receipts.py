"""Mails the audit log's receipts to the owners: what they hold, nobody at the installation can take back."""

import logging

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMessage

from clockwise.audit import heads
from clockwise.organizations.models import Member, Organization
from clockwise.organizations.roles import Role
from clockwise.tenancy import current

log = logging.getLogger(__name__)
TEXT = """This is the receipt of your organization's audit log at {address}.

Keep it. It commits to the {position} entries that the log had on {at}: with it you, or an auditor, can show later that
none of them was changed or removed. How: docs/security/audit.md.

Head {number}, root {root}

{token}
"""


def mail_all() -> int:
    """One mail to the owners of each organization; how many were sent. No transaction is open while mail is sent."""
    sent = 0
    for organization_id in Organization.objects.values_list("id", flat=True):
        with current.acting_for(organization_id):
            try:
                sent += _mail_one()
            except (heads.NothingSigned, OSError, BadHeaderError) as error:
                log.warning("A receipt of the audit log was not mailed: %s.", type(error).__name__)
    return sent


def _mail_one() -> int:
    receipt = heads.receipt()
    with current.transaction():
        owners = [member.details.address for member in Member.objects.filter(role=Role.OWNER, is_active=True)]
    head = receipt.head
    text = TEXT.format(
        address=settings.CLOCKWISE_BASE_URL,
        position=receipt.position,
        at=f"{head.at:%d %B %Y, %H:%M} UTC",
        number=head.number,
        root=head.root.hex(),
        token=receipt.as_token(),
    )
    return EmailMessage("Receipt of the audit log", text, to=owners).send() if owners else 0
