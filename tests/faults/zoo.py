"""All faults: every module of this folder that is called zoo_something registers its own."""

import importlib
import pkgutil
from pathlib import Path

from tests.faults.fault import REGISTRY, Fault

for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
    if module.name.startswith("zoo_"):
        importlib.import_module(f"tests.faults.{module.name}")

FAULTS: tuple[Fault, ...] = tuple(REGISTRY.values())
