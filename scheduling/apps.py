from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    name = "scheduling"

    def ready(self) -> None:
        # They hear of settled writes and changed events.
        from scheduling import hold_writes, manual_edits, proposals, room_answers, undo  # noqa: F401
