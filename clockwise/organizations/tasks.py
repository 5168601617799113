"""What workers do for organizations, once a day."""

from celery import shared_task

from clockwise.organizations import housekeeping, receipts


@shared_task(name="organizations.forget_old", ignore_result=True)
def forget_old() -> None:
    housekeeping.forget_old()


@shared_task(name="organizations.mail_receipts", ignore_result=True)
def mail_receipts() -> None:
    receipts.mail_all()
