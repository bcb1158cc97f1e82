"""The archives that are compared: reference servers, Orthanc, and any archive that already runs."""

from scenarios.arms.arm import Arm, ArmUnreachableError
from scenarios.arms.kinds import new_arm

__all__ = ["Arm", "ArmUnreachableError", "new_arm"]
