"""The worker's entry point: `celery -A clockwise.celery worker`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clockwise.settings")
app = Celery("clockwise")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
