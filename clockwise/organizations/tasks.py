"""What workers do for organizations."""

from celery import shared_task

from clockwise.organizations import directory, housekeeping, receipts
from clockwise.organizations.models import Organization
from clockwise.tenancy import current, messages
from clockwise.tenancy.tasks import tenant_task


@shared_task(name="organizations.look_into_directories", ignore_result=True, expires=directory.LOOK_SECONDS)
def look_into_directories() -> None:
    """Twice a minute, where an admin consented; each organization's Google is waited for in a task of its own."""
    for organization_id in Organization.objects.values_list("id", flat=True):
        with current.acting_for(organization_id):
            with current.transaction():
                is_watched = directory.is_watched()
            if is_watched:
                messages.wake(look_into_directory)


@tenant_task(name="organizations.look_into_directory", expires=directory.LOOK_SECONDS)
def look_into_directory() -> None:
    directory.look()


@shared_task(name="organizations.forget_old", ignore_result=True)
def forget_old() -> None:
    housekeeping.forget_old()


@shared_task(name="organizations.mail_receipts", ignore_result=True)
def mail_receipts() -> None:
    receipts.mail_all()
