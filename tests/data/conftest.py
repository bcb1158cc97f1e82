"""The tiny data set is made once for all tests that only read it."""

import pytest

from datasets.generator import generate
from datasets.manifest import Manifest
from datasets.recipes import recipe_named


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return generate(recipe_named("tiny"), 1, tmp_path_factory.mktemp("tiny"))
