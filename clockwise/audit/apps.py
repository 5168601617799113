from typing import Any

from celery.signals import task_postrun, task_prerun
from django.apps import AppConfig

from clockwise.audit import origin
from clockwise.audit.origin import Origin


class AuditConfig(AppConfig):
    name = "clockwise.audit"

    def ready(self) -> None:
        task_prerun.connect(_enter_task, weak=False)
        task_postrun.connect(_leave_task, weak=False)


def _enter_task(task: Any, **_: object) -> None:
    task.request.audit_origin = origin.enter(Origin("task", task.name))


def _leave_task(task: Any, **_: object) -> None:
    origin.leave(task.request.audit_origin)
