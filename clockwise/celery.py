"""The worker's entry point: `celery -A clockwise.celery worker`."""

import os
import warnings

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clockwise.settings")
app = Celery("clockwise")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Messages are JSON, so that none can run code; a container runs the worker as an ordinary user all the same.
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")
