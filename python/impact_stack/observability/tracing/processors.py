"""Span processors in Python: who is told of each span as it starts and ends.

Whatever goes wrong in one is logged, and neither the program nor the other processors notice. What
is no Exception (SystemExit, KeyboardInterrupt, a greenlet's Timeout) goes on into the program.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from .needed import need_one_of
from .repeated import say


class SpanProcessor:
    """What a span processor has, in the shape of `opentelemetry.sdk.trace.SpanProcessor`."""

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        """Hear of a span that has started, and may be recorded into."""

    def _on_ending(self, span: Any) -> None:
        """Hear of a span that is about to end, and may be recorded into for the last time."""

    def on_end(self, span: Any) -> None:
        """Hear of a span that has ended."""

    def shutdown(self) -> None:
        """Finish what is under way: there will be no more spans."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Finish what is under way; false when something was lost, or time ran out."""
        del timeout_millis
        return True


class SynchronousMultiSpanProcessor(SpanProcessor):
    """Several processors, in the order in which they were added."""

    def __init__(self) -> None:
        self._span_processors: tuple[Any, ...] = ()
        self._lock = threading.Lock()

    def add_span_processor(self, span_processor: Any) -> None:
        """Add one; it is told of spans that start or end from now on."""
        with self._lock:
            self._span_processors += (span_processor,)

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        self._tell_all("on_start", span, parent_context=parent_context)

    def _on_ending(self, span: Any) -> None:
        self._tell_all("_on_ending", span)

    def on_end(self, span: Any) -> None:
        self._tell_all("on_end", span)

    def shutdown(self) -> None:
        self._tell_all("shutdown")

    def _tell_all(self, method: str, *args: Any, **kwargs: Any) -> None:
        """Tell each; what one raises that is no Exception, for the program, waits for the rest."""
        raised: BaseException | None = None
        for processor in self._span_processors:
            try:
                tell(processor, method, *args, **kwargs)
            except BaseException as error:  # pylint: disable=broad-exception-caught
                raised = raised or error
        try:
            if raised is not None:
                raise raised
        finally:
            del raised  # whose traceback holds this frame, and the span

    def force_flush(self, timeout_millis: float = 30000) -> bool:
        """Flush them in turn, each in the time that is left. One that says nothing has flushed."""
        deadline = time.monotonic() + timeout_millis / 1000
        are_flushed = True
        for processor in self._span_processors:
            left = max(int((deadline - time.monotonic()) * 1000), 0)
            are_flushed &= tell(processor, "force_flush", left, otherwise=False) is not False
        return are_flushed and time.monotonic() <= deadline


def need_processor(argument: str, processor: Any) -> None:
    """Refuse what could never be told of a span."""
    need_one_of(argument, processor, "on_start", "on_end")


def tell(processor: Any, method: str, *args: Any, otherwise: Any = None, **kwargs: Any) -> Any:
    """Return what a processor's method returns; `otherwise` when it raises, or is not there.

    Processors made for older versions of opentelemetry-sdk have no `_on_ending`.
    """
    try:
        call = getattr(processor, method, None)
        return otherwise if call is None else call(*args, **kwargs)
    except Exception as error:  # pylint: disable=broad-exception-caught
        name = f"{type(processor).__qualname__}.{method}"
        say(logging.ERROR, f"processor {name}", f"A span processor failed in {name}", error)
        return otherwise
