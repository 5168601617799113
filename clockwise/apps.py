from django.apps import AppConfig


class ClockwiseConfig(AppConfig):
    name = "clockwise"

    def ready(self) -> None:
        # Makes our broker the one that tasks are sent to, in the web process and in commands too.
        from clockwise import celery  # noqa: F401
