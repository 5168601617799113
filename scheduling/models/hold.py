"""Events that Clockwise itself owns."""

from django.db import models

from clockwise.organizations.models import MemberRow
from clockwise.tenancy.models import index


class Hold(MemberRow):
    """A focus time or lunch on a member's primary calendar. Truth about holds is here; Google's marker only helps
    to recognise them. `generation` keeps ids apart that Google reserves after a deletion (SYNC W1).
    """

    class Kind(models.TextChoices):
        FOCUS = "focus time"
        LUNCH = "lunch"

    class State(models.TextChoices):
        DECIDED = "decided"
        PLACED = "placed"
        # The member moved it: theirs, left alone.
        PINNED = "pinned"
        # The member deleted it in Google: not placed again that day (H8).
        RELEASED = "released"
        DELETED = "deleted"

    # In the calendar or on its way there: one that gives way to a better plan, and one that takes time.
    GIVES_WAY = (State.DECIDED, State.PLACED)
    TAKES_TIME = (*GIVES_WAY, State.PINNED)

    kind = models.CharField(max_length=16, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DECIDED)
    date = models.DateField()
    start = models.DateTimeField()
    end = models.DateTimeField()
    google_id = models.CharField(max_length=1024, blank=True)
    etag = models.CharField(max_length=64, blank=True)
    generation = models.PositiveIntegerField(default=1)

    class Meta:
        base_manager_name = "objects"
        indexes = [
            index("member", "date", name="hold_by_member_and_date"),
            index("google_id", name="hold_by_google_id"),
        ]
