"""Hopeless patterns are refused before a fit, also when they are one of several."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xtal.errors import PatternError
from xtal.job import JobPattern
from xtal.pattern import Pattern
from xtal.rietveld.usable import refuse_hopeless


def second(job, pattern):
    """The job with its pattern and a second one."""
    first = replace(job.all_patterns[0], name="first")
    return replace(job, patterns=(first, JobPattern("second", pattern, job.instrument, True, 2, (25.0, 60.0))))


X = np.linspace(25.0, 60.0, 50)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (Pattern(X[:4], np.arange(4.0), source="short.xy"), r"short\.xy: 4 points are left to fit"),
        (Pattern(X, np.zeros(50), source="dark.xy"), r"dark\.xy: every intensity is zero"),
        (Pattern(X, np.full(50, 7.0), source="flat.xy"), r"flat\.xy: every intensity is 7"),
    ],
    ids=["few", "zero", "flat"],
)
def test_a_hopeless_second_pattern_is_refused_by_its_name(pattern, words, job):
    with pytest.raises(PatternError, match=words):
        refuse_hopeless(second(job, pattern))


def test_a_second_pattern_with_something_in_it_is_taken(job):
    refuse_hopeless(second(job, Pattern(X, np.arange(50.0) + 1.0)))
