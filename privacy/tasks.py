"""What workers do for privacy. The rows are the queue; a message only wakes somebody up."""

from celery import shared_task

from clockwise.organizations.models import Organization
from clockwise.tenancy import current, messages
from clockwise.tenancy.tasks import tenant_task
from privacy import erasure, export, purges, retention, staff_access
from privacy.models import DataExport, Erasure, Purge, StaffAccess


@tenant_task(name="privacy.carry_out_purges")
def carry_out_purges() -> None:
    purges.carry_out_all()


@tenant_task(name="privacy.make_exports")
def make_exports() -> None:
    export.make_waiting()


@tenant_task(name="privacy.carry_out_erasures")
def carry_out_erasures() -> None:
    erasure.carry_out_all()


@tenant_task(name="privacy.tell_of_staff_access")
def tell_of_staff_access() -> None:
    staff_access.tell_administrators()


@tenant_task(name="privacy.apply_retention")
def apply_retention() -> None:
    retention.apply_all()


@shared_task(name="privacy.sweep", ignore_result=True)
def sweep() -> None:
    """Each half minute: what lost messages have left waiting, in every organization."""
    for organization_id in Organization.objects.values_list("id", flat=True):
        with current.acting_for(organization_id):
            with current.transaction():
                waiting = {
                    carry_out_purges: Purge.objects.filter(finished_at=None).exists(),
                    make_exports: DataExport.objects.filter(made_at=None).exists(),
                    carry_out_erasures: Erasure.objects.filter(finished_at=None).exists(),
                    tell_of_staff_access: StaffAccess.objects.filter(owners_told_at=None).exists(),
                }
            for task in [task for task, is_waiting in waiting.items() if is_waiting]:
                messages.wake(task)


@shared_task(name="privacy.retain", ignore_result=True)
def retain() -> None:
    """Each hour: what has been kept for long enough goes, in every organization."""
    for organization_id in Organization.objects.values_list("id", flat=True):
        with current.acting_for(organization_id):
            messages.wake(apply_retention)
