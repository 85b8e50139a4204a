"""Published worked examples, each with its stated tolerance."""

import json
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cases():
    return {case["id"]: case for case in json.loads((Path(__file__).parent / "cases.json").read_text("utf-8"))}


@pytest.fixture
def case(cases):
    """Give inputs, expected values and tolerance (for `pytest.approx`) of a case by its id."""

    def find(name):
        found = cases[name]
        tolerance = found["tolerance"] if isinstance(found["tolerance"], dict) else {"abs": found["tolerance"]}
        return found["inputs"], found["expected"], tolerance

    return find
