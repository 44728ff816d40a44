"""H1: mutants are killed. All of them by `python -m tests.mutants`; here, that each still fits the code, and a few in full."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.__main__ import ALL, judged, table
from tests.mutants.mutant import ROOT, Mutant

A_FEW = (
    "claims without their constraint",
    "stock taken without looking",
    "VAT earns stars",
    "any signature",
    "new a day less",
    "texts of 5,001",
)


def test_h1_there_are_enough_mutants_and_each_has_a_name() -> None:
    """H1: at least 25, no two of one name, and none that changes nothing."""
    assert len(ALL) >= 25
    assert len({mutant.name for mutant in ALL}) == len(ALL)
    assert all(mutant.search != mutant.replace for mutant in ALL)


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_h1_every_mutant_still_fits_the_code(mutant: Mutant) -> None:
    """H1: its place is there once, what it makes is Python, and the tests it names exist. Else mend tests/mutants."""
    ast.parse(mutant.patched())
    for test in mutant.tests:
        file, _, name = test.partition("::")
        assert f"def {name}" in (ROOT / "tests" / file).read_text(), f"{test} is gone"


@pytest.mark.slow
def test_h1_a_few_mutants_are_killed() -> None:
    """H1: one of each kind, with the tests that must fail; the rest is for the command, which takes minutes."""
    verdicts = judged([mutant for mutant in ALL if mutant.name in A_FEW])
    assert [verdict.state for verdict in verdicts] == ["killed"] * len(A_FEW), table(verdicts)
