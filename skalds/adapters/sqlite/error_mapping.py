"""Which of our errors each error of the driver becomes; no other one leaves this package."""

import apsw

from skalds.errors import StoreCorrupt, StoreError, StoreFull, StoreUnavailable

ERRORS: dict[type[apsw.Error], type[StoreError]] = {
    apsw.BusyError: StoreUnavailable,
    apsw.LockedError: StoreUnavailable,
    apsw.CantOpenError: StoreUnavailable,
    apsw.IOError: StoreUnavailable,
    apsw.ProtocolError: StoreUnavailable,
    apsw.InterruptError: StoreUnavailable,
    apsw.PermissionsError: StoreUnavailable,
    apsw.ReadOnlyError: StoreUnavailable,
    apsw.NoMemError: StoreUnavailable,
    apsw.ConnectionClosedError: StoreUnavailable,
    apsw.FullError: StoreFull,
    apsw.CorruptError: StoreCorrupt,
    apsw.NotADBError: StoreCorrupt,
    apsw.FormatError: StoreCorrupt,
    apsw.AbortError: StoreError,
    apsw.AuthError: StoreError,
    apsw.BindingsError: StoreError,
    apsw.ConnectionNotClosedError: StoreError,
    apsw.ConstraintError: StoreError,
    apsw.CursorClosedError: StoreError,
    apsw.EmptyError: StoreError,
    apsw.ExecTraceAbort: StoreError,
    apsw.ExecutionCompleteError: StoreError,
    apsw.ExtensionLoadingError: StoreError,
    apsw.ForkingViolationError: StoreError,
    apsw.IncompleteExecutionError: StoreError,
    apsw.InternalError: StoreError,
    apsw.InvalidContextError: StoreError,
    apsw.MismatchError: StoreError,
    apsw.MisuseError: StoreError,
    apsw.NoFTS5Error: StoreError,
    apsw.NoLFSError: StoreError,
    apsw.NotFoundError: StoreError,
    apsw.RangeError: StoreError,
    apsw.SQLError: StoreError,
    apsw.SchemaChangeError: StoreError,
    apsw.ThreadingViolationError: StoreError,
    apsw.TooBigError: StoreError,
    apsw.VFSFileClosedError: StoreError,
    apsw.VFSNotImplementedError: StoreError,
    apsw.Error: StoreError,
}

NOT_COMMITTED = (apsw.BusyError, apsw.LockedError, apsw.FullError)
"""What COMMIT may answer when it is certain that nothing was committed."""


def mapped(error: apsw.Error, path: str) -> StoreError:
    """Our error for one of the driver's, naming the file; raise it `from` the original."""
    kind = ERRORS.get(type(error), StoreError)
    if kind is StoreCorrupt:
        return damaged(path, str(error), type(error).__name__)
    return kind(f"{path}: {error}", file=path, reason=type(error).__name__)


def damaged(path: str, found: str, reason: str = StoreCorrupt.code) -> StoreCorrupt:
    """What to say of a file that is no sound database, with the way out."""
    lines = " ".join(found.split())
    return StoreCorrupt(
        f"{path} is damaged: {lines}. Stop everything that uses it, then put a copy made by `skalds db backup` back "
        "with `skalds db restore`",
        file=path,
        reason=reason,
    )
