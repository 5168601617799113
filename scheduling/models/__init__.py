from scheduling.models.flexibility import Flexibility
from scheduling.models.hold import Hold
from scheduling.models.personal import PersonalBlock, PersonalCalendar
from scheduling.models.pin import Pin
from scheduling.models.preferences import Preferences
from scheduling.models.proposal import HoldChange, Move, MoveReason, Proposal, Stay
from scheduling.models.run import OptimizationPart, OptimizationRun

__all__ = [
    "Flexibility",
    "Hold",
    "HoldChange",
    "Move",
    "MoveReason",
    "OptimizationPart",
    "OptimizationRun",
    "PersonalBlock",
    "PersonalCalendar",
    "Pin",
    "Preferences",
    "Proposal",
    "Stay",
]
