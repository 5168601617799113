"""The web process's entry point, for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from clockwise.start import keep_what_is_loaded, refuse_unsafe_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clockwise.settings")
application = get_wsgi_application()
refuse_unsafe_start()
keep_what_is_loaded()
