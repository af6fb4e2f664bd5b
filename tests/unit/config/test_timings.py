"""Timings that contradict each other are refused."""

from dataclasses import fields
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skalds.config.timings import Timings
from skalds.errors import ConfigurationError


@pytest.mark.parametrize("name", [field.name for field in fields(Timings)])
@given(seconds=st.floats(-1000, 0))
def test_no_timing_is_zero_or_negative(name: str, seconds: float) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Timings(**{name: timedelta(seconds=seconds)})


@pytest.mark.parametrize(
    ("name", "seconds", "complaint"),
    [
        ("beat", 3, "suspect"),
        ("suspect", 10, "lost"),
        ("lease_renew", 2.5, "lease_ttl"),
        ("lease_ttl", 1.5, "lease_ttl"),
    ],
)
def test_conclusions_come_after_a_second_chance(name: str, seconds: float, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        Timings(**{name: timedelta(seconds=seconds)})


def test_all_timings_can_be_shortened_together() -> None:
    names = [field.name for field in fields(Timings)]

    short = Timings(**{name: getattr(Timings(), name) / 100 for name in names})

    assert short.lost == timedelta(seconds=0.1)
