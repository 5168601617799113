"""What scheduling's tables hold of people."""

from privacy.register import UNTIL_LEAVING, Basis, Purpose, table
from scheduling.models import (
    Flexibility,
    Hold,
    HoldChange,
    Move,
    OptimizationRun,
    Pin,
    Preferences,
    Proposal,
    Stay,
)

PROPOSALS = "90 days, unless an admin chose otherwise"

table(
    Preferences,
    "Your ideal day",
    purpose=Purpose.SCHEDULING,
    basis=Basis.CONTRACT,
    retention=UNTIL_LEAVING,
    person=["member_id"],
    personal={
        "member": "whose preferences",
        "time_zone": "your time zone",
        "working_hours": "when you work",
        "meeting_hours": "when you accept meetings",
        "lunch_enabled": "whether lunch is kept free",
        "lunch_from_minute": "earliest lunch",
        "lunch_to_minute": "latest lunch",
        "lunch_min_minutes": "shortest lunch",
        "lunch_ideal_minutes": "ideal lunch",
        "focus_enabled": "whether focus time is held",
        "focus_goal_minutes": "weekly goal",
        "focus_side": "morning or afternoon",
        "guest_notices": "whom Google mails when your meeting moves",
    },
)
table(
    Hold,
    "Focus time and lunches",
    purpose=Purpose.SCHEDULING,
    basis=Basis.CONTRACT,
    retention=UNTIL_LEAVING,
    person=["member_id"],
    personal={
        "member": "whose time",
        "kind": "focus time or lunch",
        "state": "whether it stands",
        "date": "day",
        "start": "start",
        "end": "end",
        "google_id": "Google's id of it",
    },
    technical="etag generation",
)
table(
    Flexibility,
    "Meetings you made flexible",
    purpose=Purpose.SCHEDULING,
    basis=Basis.CONTRACT,
    retention=UNTIL_LEAVING,
    person=["member_id"],
    personal={
        "member": "who made it flexible",
        "is_series": "one meeting or a series",
        "range": "how far it may move",
        "window_from_minute": "earliest time of day",
        "window_to_minute": "latest time of day",
        "created_at": "when",
    },
    technical="meeting_index",
)
table(
    Pin,
    "Meetings that stay where they are",
    purpose=Purpose.SCHEDULING,
    basis=Basis.NONE,
    retention=PROPOSALS,
    technical="meeting_index reason created_at",
)
table(
    OptimizationRun,
    "Optimization runs",
    purpose=Purpose.SCHEDULING,
    basis=Basis.CONTRACT,
    retention=PROPOSALS,
    person=["requested_by_id", "only_holds_of_id"],
    personal={"requested_by": "who asked for it", "only_holds_of": "for whose time alone", "created_at": "when"},
    technical="state first_day horizon_start horizon_end finished_at problem",
    kept_because="It concerns the whole organization. The link to the person is cut.",
)
table(
    Proposal,
    "Proposals you decided",
    purpose=Purpose.SCHEDULING,
    basis=Basis.CONTRACT,
    retention=PROPOSALS,
    person=["decided_by_id"],
    personal={"decided_by": "who decided it", "decided_at": "when", "state": "how"},
    technical="run plan_hash engine_status score_before score bound created_at",
    kept_because="It concerns the whole organization. The link to the person is cut.",
)
table(
    Move,
    "Proposed moves of your meetings",
    purpose=Purpose.SCHEDULING,
    basis=Basis.CONTRACT,
    retention=PROPOSALS,
    person=["event__member_id"],
    personal={
        "event": "which meeting",
        "decided_by": "who decided it",
        "decided_at": "when",
        "state": "how it ended",
        "old_start": "start before",
        "old_end": "end before",
        "start": "new start",
        "end": "new end",
        "gain": "what it gains",
        "reason": "what it gains for whom",
    },
    technical="proposal etag problem",
)
table(
    Stay,
    "Flexible meetings of yours that stayed",
    purpose=Purpose.SCHEDULING,
    basis=Basis.CONTRACT,
    retention=PROPOSALS,
    person=["event__member_id"],
    personal={"event": "which meeting", "reason": "why it stayed", "blockers": "what stood in the way"},
    technical="proposal",
)
table(
    HoldChange,
    "Proposed focus times and lunches",
    purpose=Purpose.SCHEDULING,
    basis=Basis.CONTRACT,
    retention=PROPOSALS,
    person=["member_id"],
    personal={
        "member": "whose time",
        "action": "made, moved or deleted",
        "kind": "focus time or lunch",
        "decided_by": "who decided it",
        "decided_at": "when",
        "state": "how it ended",
        "start": "start",
        "end": "end",
        "old_start": "start before",
        "old_end": "end before",
    },
    technical="proposal hold problem",
)
