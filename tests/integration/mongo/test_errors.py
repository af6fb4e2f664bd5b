"""Every error of the driver becomes one of ours, and the outcome of a write is unknown only if it is."""

from collections.abc import Iterator

import pytest
from bson.errors import BSONError
from pymongo import errors as driver

from skalds.adapters.mongo.error_mapping import ERRORS, is_duplicate, mapped
from skalds.errors import OutcomeUnknown, StoreError, StoreFull, StoreUnavailable


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for child in kind.__subclasses__():
        yield from subclasses(child)


def test_every_error_of_the_driver_is_mapped() -> None:
    found = {*subclasses(driver.PyMongoError), *subclasses(BSONError)}
    assert {kind for kind in found if kind.__module__.startswith(("pymongo", "bson"))} == ERRORS.keys()


@pytest.mark.parametrize(
    ("code", "expected"),
    [(14031, StoreFull), (50, StoreUnavailable), (112, StoreUnavailable), (18, StoreUnavailable), (121, StoreError)],
)
def test_failure_is_judged_by_its_code(code: int, expected: type[StoreError]) -> None:
    assert type(mapped(driver.OperationFailure("failed", code), "here")) is expected
    details = {"writeErrors": [{"index": 0, "code": code, "errmsg": "failed"}], "writeConcernErrors": []}
    assert type(mapped(driver.BulkWriteError(details), "here")) is expected


def test_write_that_did_not_reach_a_majority_may_be_undone() -> None:
    assert type(mapped(driver.WriteConcernError("not replicated"), "here")) is OutcomeUnknown
    details = {"writeErrors": [], "writeConcernErrors": [{"code": 64, "errmsg": "not replicated"}]}
    assert type(mapped(driver.BulkWriteError(details), "here")) is OutcomeUnknown


@pytest.mark.parametrize(
    "kind", [driver.AutoReconnect, driver.NetworkTimeout, driver.ServerSelectionTimeoutError, driver.NotPrimaryError]
)
def test_lost_connection_leaves_the_outcome_unknown_only_after_sending(kind: type[driver.ConnectionFailure]) -> None:
    assert type(mapped(kind("lost"), "here", unanswered=True)) is OutcomeUnknown
    assert type(mapped(kind("lost"), "here")) is StoreUnavailable


def test_text_is_short_and_says_where() -> None:
    failure = driver.OperationFailure(
        "not allowed, full error: {...}", 13, {"codeName": "Unauthorized", "$clusterTime": "noise"}
    )
    error = mapped(failure, "MongoDB database 'skalds'")
    assert error.message == "MongoDB database 'skalds': not allowed (Unauthorized)"
    assert error.fields == {"store": "MongoDB database 'skalds'", "reason": "OperationFailure"}
    lost = driver.ServerSelectionTimeoutError("refused, Timeout: 3s, Topology Description: <TopologyDescription ...>")
    assert mapped(lost, "here").message == "here: refused"


def test_batch_is_a_duplicate_only_if_nothing_else_went_wrong() -> None:
    twice = {"code": 11000, "errmsg": "twice"}
    assert is_duplicate(driver.DuplicateKeyError("twice", 11000))
    assert is_duplicate(driver.BulkWriteError({"writeErrors": [twice], "writeConcernErrors": []}))
    assert not is_duplicate(driver.BulkWriteError({"writeErrors": [twice, {"code": 1}], "writeConcernErrors": []}))
    assert not is_duplicate(driver.BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 64}]}))
    assert not is_duplicate(driver.OperationFailure("other"))
