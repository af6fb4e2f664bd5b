"""Which of our errors each error of the driver becomes; no other one leaves this package."""

from bson.errors import BSONError, InvalidBSON, InvalidDocument, InvalidId, InvalidStringData
from pymongo import errors as driver
from pymongo.pool_shared import _PoolClosedError

from skalds.errors import OutcomeUnknown, StoreCorrupt, StoreError, StoreFull, StoreUnavailable

DriverError = (driver.PyMongoError, BSONError)
"""Everything the driver raises; its only other errors are those of wrong use, such as TypeError."""

ERRORS: dict[type[Exception], type[StoreError]] = {
    driver.AutoReconnect: StoreUnavailable,
    driver.ConnectionFailure: StoreUnavailable,
    driver.NetworkTimeout: StoreUnavailable,
    driver.NotPrimaryError: StoreUnavailable,
    driver.ServerSelectionTimeoutError: StoreUnavailable,
    driver.WaitQueueTimeoutError: StoreUnavailable,
    driver._OperationCancelled: StoreUnavailable,
    _PoolClosedError: StoreUnavailable,
    driver.ExecutionTimeout: StoreUnavailable,
    driver.CursorNotFound: StoreUnavailable,
    driver.WriteConcernError: OutcomeUnknown,
    driver.WTimeoutError: OutcomeUnknown,
    driver.OperationFailure: StoreError,
    driver.WriteError: StoreError,
    driver.DuplicateKeyError: StoreError,
    driver.BulkWriteError: StoreError,
    driver.ClientBulkWriteException: StoreError,
    driver.ProtocolError: StoreError,
    driver.ConfigurationError: StoreError,
    driver.InvalidOperation: StoreError,
    driver.InvalidName: StoreError,
    driver.InvalidURI: StoreError,
    driver.CollectionInvalid: StoreError,
    driver.DocumentTooLarge: StoreError,
    driver.EncryptionError: StoreError,
    driver.EncryptedCollectionError: StoreError,
    driver.PyMongoError: StoreError,
    InvalidBSON: StoreCorrupt,
    InvalidDocument: StoreError,
    InvalidId: StoreError,
    InvalidStringData: StoreError,
    BSONError: StoreError,
}

CODES: dict[int, type[StoreError]] = {
    14031: StoreFull,  # OutOfDiskSpace
    50: StoreUnavailable,  # MaxTimeMSExpired
    24: StoreUnavailable,  # LockTimeout
    112: StoreUnavailable,  # WriteConflict, beyond the time for repeating
    239: StoreUnavailable,  # SnapshotTooOld
    246: StoreUnavailable,  # SnapshotUnavailable
    251: StoreUnavailable,  # NoSuchTransaction
    13: StoreUnavailable,  # Unauthorized: an administrator can give the right while we wait
    18: StoreUnavailable,  # AuthenticationFailed
}
"""What a failed operation means by its code, where its class says too little."""


def mapped(error: Exception, where: str, *, unanswered: bool = False) -> StoreError:
    """Our error for one of the driver's, naming the store; raise it `from` the original.

    `unanswered`: a command that writes was sent and not answered, so nobody knows whether it happened.
    """
    reason = type(error).__name__
    kind = ERRORS.get(type(error), StoreError)
    if isinstance(error, driver.OperationFailure):
        kind = _by_code(error, kind)
    if isinstance(error, driver.ConnectionFailure) and unanswered:
        kind = OutcomeUnknown
    return kind(f"{where}: {_short(error)}", store=where, reason=reason)


def is_duplicate(error: Exception) -> bool:
    """Whether a unique index refused a write, and nothing else happened."""
    if isinstance(error, driver.BulkWriteError):
        found = error.details["writeErrors"]
        return bool(found) and all(item["code"] == _DUPLICATE_KEY for item in found)
    return isinstance(error, driver.DuplicateKeyError)


def _by_code(error: driver.OperationFailure, kind: type[StoreError]) -> type[StoreError]:
    details = error.details or {}
    if details.get("writeConcernErrors"):
        return OutcomeUnknown
    codes = [error.code, *(item.get("code") for item in details.get("writeErrors", ()))]
    known = [CODES[code] for code in codes if code in CODES]
    if not known and error.has_error_label("TransientTransactionError"):
        return StoreUnavailable
    return known[0] if known else kind


def _short(error: Exception) -> str:
    """The text without what the driver appends to it: the whole answer, or the description of the topology."""
    text = str(error)
    for appendix in (", full error: ", " (configured timeouts: ", ", Timeout: ", ", Topology Description: "):
        text = text.partition(appendix)[0]
    name = (error.details or {}).get("codeName") if isinstance(error, driver.OperationFailure) else None
    return " ".join(text.split()) + (f" ({name})" if name else "")


_DUPLICATE_KEY = 11000
