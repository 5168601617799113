from django.apps import AppConfig


class CalendarsConfig(AppConfig):
    name = "calendars"

    def ready(self) -> None:
        # Registers: takes grants and ends with access; leaves calendars out; erases what is shut out; tells of syncs.
        from calendars import connections, exclusions, health, personal_data, rights, shut_out  # noqa: F401
