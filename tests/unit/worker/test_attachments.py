"""Attachments become the data model of the class."""

from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from skalds.errors import ValidationFailed
from skalds.worker.attachments import parse_attachments


class Inner(BaseModel):
    """A part with an alias of its own."""

    frame_rate: int = Field(alias="frameRate")


class Camera(BaseModel):
    """Aliases without `populate_by_name`, as many models have."""

    rtsp_url: str = Field(alias="rtspUrl")
    inner: Inner | None = None


class Strict(BaseModel):
    """Takes no value of another type, but JSON has no dates and tuples."""

    model_config = ConfigDict(strict=True)

    day: date
    size: tuple[int, int]


@pytest.mark.parametrize(
    "attachments",
    [
        {"rtspUrl": "rtsp://x", "inner": {"frameRate": 6}},
        {"rtsp_url": "rtsp://x", "inner": {"frame_rate": 6}},
    ],
)
def test_aliases_and_field_names_both_count(attachments: Any) -> None:
    camera = parse_attachments(Camera, attachments)
    assert camera is not None
    assert camera.inner is not None
    assert (camera.rtsp_url, camera.inner.frame_rate) == ("rtsp://x", 6)


def test_nothing_stays_nothing() -> None:
    assert parse_attachments(Camera, None) is None


def test_a_model_is_taken_as_it_is() -> None:
    camera = Camera(rtspUrl="rtsp://x")
    assert parse_attachments(Camera, camera) is camera


def test_a_strict_model_takes_what_json_can_say() -> None:
    assert parse_attachments(Strict, {"day": "2026-01-02", "size": [1, 2]}) == Strict(day=date(2026, 1, 2), size=(1, 2))


def test_every_problem_is_named() -> None:
    with pytest.raises(ValidationFailed) as refused:
        parse_attachments(Camera, {"inner": {"frameRate": "secret"}})
    assert [problem.field for problem in refused.value.problems] == [
        "attachments.rtspUrl",
        "attachments.inner.frameRate",
    ]
    assert "secret" not in str(refused.value)
