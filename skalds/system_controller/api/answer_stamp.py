"""The outermost layer of the API: times each answer and turns faults into one."""

import traceback

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from skalds.ports.clock import Clock
from skalds.runtime.log_setup import log_event
from skalds.system_controller.api.error_mapping import fault_response


class AnswerStamp:
    """ASGI middleware: `X-Process-Time` (seconds) on every answer; an exception is logged and answered with 500."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._clock.monotonic()
        started = False

        async def send_stamped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                seconds = f"{self._clock.monotonic() - began:.6f}"
                message["headers"] = [*message.get("headers", ()), (b"x-process-time", seconds.encode())]
            await send(message)

        try:
            await self._app(scope, receive, send_stamped)
        except Exception as error:
            _log_fault(scope, error)
            # Half an answer cannot be mended; the server breaks the connection off, which tells the client.
            if not started:
                await fault_response(scope["path"])(scope, receive, send_stamped)


def _log_fault(scope: Scope, error: Exception) -> None:
    place = traceback.extract_tb(error.__traceback__)[-1]
    log_event(
        "ERROR",
        "request.failed",
        method=scope["method"],
        path=scope["path"],
        error=error,
        at=f"{place.filename}:{place.lineno}",
    )
