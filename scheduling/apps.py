from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    name = "scheduling"

    def ready(self) -> None:
        # They hear of settled writes and changed events, and tell the data register.
        from scheduling import (  # noqa: F401
            hold_writes,
            leaving,
            manual_edits,
            personal_data,
            proposals,
            rights,
            room_answers,
            undo,
        )
        from scheduling.personal import blocks  # noqa: F401
