from django.apps import AppConfig

from clockwise import uuids


class ClockwiseConfig(AppConfig):
    name = "clockwise"

    def ready(self) -> None:
        uuids.register()
        # Makes our broker the one that tasks are sent to, in the web process and in commands too.
        from clockwise import celery  # noqa: F401
