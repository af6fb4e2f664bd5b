"""Each kind of value takes what it says, refuses the rest, and reads back what it writes."""

import contextlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skalds.config._enum import LogLevelEnum, SkaldModeEnum
from skalds.config.capacity import LABELS, RESERVED_SLOTS, RESOURCES, ReservedSlots
from skalds.config.kinds import BOOLEAN, MEGABYTES, NODE_ID, PATH, PORT, TEXT, Kind, duration, one_of, whole_number
from skalds.config.kinds_of_servers import BROKERS, MONGO_URI, REDIS_URL, TOKEN, optional

SECONDS = duration(timedelta(seconds=1), "seconds")
DAYS = duration(timedelta(days=1), "days")
ALL_KINDS: list[Kind[Any]] = [
    BOOLEAN,
    BROKERS,
    LABELS,
    MEGABYTES,
    MONGO_URI,
    NODE_ID,
    PATH,
    PORT,
    REDIS_URL,
    RESERVED_SLOTS,
    RESOURCES,
    SECONDS,
    TEXT,
    TOKEN,
    one_of(SkaldModeEnum),
    optional(PORT),
]

words = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._/-]{0,20}[A-Za-z0-9])?", fullmatch=True)
anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.text()), st.tuples()
)


def refuses(kind: Kind[Any], value: object) -> bool:
    try:
        kind.read(value)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("kind", ALL_KINDS, ids=lambda kind: kind.expected[:20])
@given(value=anything)
def test_any_value_is_read_or_refused_with_value_error(kind: Kind[Any], value: object) -> None:
    with contextlib.suppress(ValueError):
        kind.read(value)


@given(number=st.integers(0, 65535), spaces=st.sampled_from(["", " ", "\n"]))
def test_whole_number_is_read_from_text_and_number_alike(number: int, spaces: str) -> None:
    assert PORT.read(f"{spaces}{number}{spaces}") == PORT.read(number) == number


@pytest.mark.parametrize("value", [-1, 65536, "-1", "65536", "1.0", 1.0, "0x10", "1_000", "٣", True, None, "1" * 5000])
def test_port_is_a_plain_number_within_bounds(value: object) -> None:
    assert refuses(PORT, value)


@given(number=st.integers(-1, 10**9))
def test_lower_bound_alone_admits_everything_above(number: int) -> None:
    assert whole_number(-1).read(number) == number


@pytest.mark.parametrize("text", ["single_process", "SINGLE_PROCESS", " Single_Process "])
def test_enum_is_read_in_any_case(text: str) -> None:
    assert one_of(SkaldModeEnum).read(text) is SkaldModeEnum.SINGLE_PROCESS


def test_enum_kind_lists_what_it_accepts() -> None:
    assert one_of(LogLevelEnum).expected == "one of TRACE, DEBUG, INFO, SUCCESS, WARNING, ERROR, CRITICAL"


@pytest.mark.parametrize(("text", "truth"), [("true", True), ("YES", True), ("1", True), ("n", False), ("off", False)])
def test_boolean_is_read_from_the_usual_words(text: str, truth: bool) -> None:
    assert BOOLEAN.read(text) is truth


@given(length=st.timedeltas(min_value=timedelta(milliseconds=1), max_value=timedelta(days=10_000)))
def test_duration_survives_being_written(length: timedelta) -> None:
    assert abs(SECONDS.read(SECONDS.write(length)) - length) <= timedelta(microseconds=1)


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "1e300", "", timedelta(), True, 10**400])
def test_duration_is_finite_and_above_zero(value: object) -> None:
    assert refuses(DAYS, value)


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31m", "a\x00", "\ud800", "\u202eabc"])
def test_text_has_no_invisible_characters(text: str) -> None:
    assert refuses(TEXT, text)


@pytest.mark.parametrize("id_", ["", "..", "a:b", "a*", "a b", "a\n", "a/b", "x" * 129, "é"])
def test_node_id_is_safe_in_keys_and_file_names(id_: str) -> None:
    assert refuses(NODE_ID, id_)


def test_path_is_read_from_text_and_path() -> None:
    assert PATH.read("a/b") == PATH.read(Path("a/b")) == Path("a/b")


@given(labels=st.dictionaries(words, words, max_size=5))
def test_labels_survive_being_written(labels: dict[str, str]) -> None:
    assert dict(LABELS.read(LABELS.write(labels))) == dict(LABELS.read(labels)) == labels


@pytest.mark.parametrize("text", ["a", "a=", "=b", "a=b,a=c", "a=b,", "a=b=c", "a=b;c=d", "a b=c"])
def test_labels_are_unique_and_complete(text: str) -> None:
    assert refuses(LABELS, text)


@pytest.mark.parametrize(
    ("text", "resources"),
    [
        ("", {}),
        ("cpu=4,memory=8GiB,gpu=0;1", {"cpu": 4.0, "memory": 8 * 2**30, "gpu": ("0", "1")}),
        ("cpu=0.5", {"cpu": 0.5}),
        (" memory = 1.5 GB ", {"memory": 1_500_000_000}),
        ("memory=512", {"memory": 512}),
    ],
)
def test_resources_are_read_with_their_units(text: str, resources: dict[str, object]) -> None:
    assert dict(RESOURCES.read(text)) == resources


@pytest.mark.parametrize(
    "text", ["cpu=0", "cpu=-1", "cpu=nan", "memory=8XB", "memory=0", "gpu=", "gpu=0;0", "disk=4", "cpu=1,cpu=2"]
)
def test_resources_are_known_and_positive(text: str) -> None:
    assert refuses(RESOURCES, text)


@given(cpu=st.floats(0.1, 1000), memory=st.integers(1, 2**50), gpu=st.sets(words, min_size=1, max_size=4))
def test_resources_survive_being_written(cpu: float, memory: int, gpu: set[str]) -> None:
    resources = {"cpu": cpu, "memory": memory, "gpu": tuple(gpu)}

    assert dict(RESOURCES.read(RESOURCES.write(resources))) == dict(RESOURCES.read(resources)) == resources


@given(slots=st.integers(0, 100_000), priority=st.integers(0, 10))
def test_reserved_slots_survive_being_written(slots: int, priority: int) -> None:
    reserved = ReservedSlots(slots, priority)

    assert RESERVED_SLOTS.read(RESERVED_SLOTS.write(reserved)) == RESERVED_SLOTS.read((slots, priority)) == reserved


@pytest.mark.parametrize("value", ["2", "2:", ":8", "2:11", "-1:3", "1:2:3", (1,), (1, 2, 3)])
def test_reserved_slots_are_two_numbers_within_bounds(value: object) -> None:
    assert refuses(RESERVED_SLOTS, value)
