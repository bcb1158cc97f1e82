"""Which kind of arm a plan asks for."""

from pathlib import Path

from scenarios.arm_plan import ArmPlan
from scenarios.arms.arm import Arm
from scenarios.arms.external import ExternalArm
from scenarios.arms.orthanc import OrthancArm
from scenarios.arms.reference import ReferenceArm


def new_arm(plan: ArmPlan, folder: Path, cpu: int | None) -> Arm:
    """Return the arm of a plan, not yet prepared; its data go into the folder."""
    kind = ExternalArm if plan.target else OrthancArm if plan.orthanc else ReferenceArm
    return kind(plan, folder, cpu)
