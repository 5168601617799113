"""The worker's entry point: `celery -A clockwise.celery worker`."""

import os
import warnings

from celery import Celery
from celery.signals import beat_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clockwise.settings")
app = Celery("clockwise")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Messages are JSON, so that none can run code; a container runs the worker as an ordinary user all the same.
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")


@worker_init.connect
@beat_init.connect
def _refuse_unsafe_start(**kwargs: object) -> None:
    from clockwise.start import keep_what_is_loaded, refuse_unsafe_start

    try:
        refuse_unsafe_start()
    except Exception as error:
        # Celery reports what a signal's receiver raises and works on; an exit it lets through.
        raise SystemExit(str(error)) from error
    keep_what_is_loaded()
