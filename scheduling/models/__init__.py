from scheduling.models.flexibility import Flexibility
from scheduling.models.hold import Hold
from scheduling.models.preferences import Preferences
from scheduling.models.proposal import HoldChange, Move, Proposal, Stay
from scheduling.models.run import OptimizationRun

__all__ = ["Flexibility", "Hold", "HoldChange", "Move", "OptimizationRun", "Preferences", "Proposal", "Stay"]
