"""The tracer provider, tracers and spans: the C core behind the classes of opentelemetry-api.

C allocates the objects; the classes here only make them instances of the API's own, and hold what
is better said in Python. opentelemetry-sdk is not used.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace.propagation import _SPAN_KEY
from opentelemetry.util.types import Attributes

from .. import _core, logger
from .attributes import clean_attributes
from .current import context_functions, decorate, record_error
from .otlp import otlp_arguments
from .resource import Resource

if TYPE_CHECKING:
    from typing_extensions import Self


class Span(_core.Span, trace.Span):
    """A span: recorded in C, an `opentelemetry.trace.Span` to everybody else."""

    __slots__ = ()

    def record_exception(
        self,
        exception: BaseException,
        attributes: Any = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """Add an event "exception" (semantic conventions, exceptions in spans)."""
        if not self.is_recording():
            return
        event = {
            "exception.type": _type_name(type(exception)),
            "exception.message": _text_of(exception),
            "exception.stacktrace": _stacktrace_of(exception),
            "exception.escaped": str(escaped),
        }
        if attributes:
            event.update(clean_attributes(attributes))
        self.add_event("exception", event, timestamp)

    def __exit__(self, exc_type: Any, exc_val: BaseException | None, exc_tb: Any) -> None:
        """End the span; what leaves the block is recorded, as opentelemetry-sdk does."""
        if exc_val is not None and self.is_recording():
            if self._records_exceptions:
                self.record_exception(exc_val, escaped=True)
            if self._sets_status:
                description = f"{type(exc_val).__name__}: {_text_of(exc_val)}"
                self.set_status(trace.StatusCode.ERROR, description)
        self.end()


def _type_name(exception_type: type[BaseException]) -> str:
    module = exception_type.__module__
    name = exception_type.__qualname__
    return name if module in (None, "builtins") else f"{module}.{name}"


def _text_of(exception: BaseException) -> str:
    try:
        return str(exception)
    except Exception:  # pylint: disable=broad-exception-caught
        return "<the exception has no text>"


def _stacktrace_of(exception: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(exception))
    except Exception:  # pylint: disable=broad-exception-caught
        return "<the exception cannot be formatted>"


class Tracer(_core.Tracer, trace.Tracer):
    """A tracer: all of it is in C."""

    __slots__ = ()


class TracerProvider(_core.TracerProvider, trace.TracerProvider):
    """A tracer provider: `TracerProvider(attributes=None, *, exporters=None, otlp=None)`.

    `exporters` is a tuple of names; None asks `OTEL_TRACES_EXPORTER`, and where that is unset there
    is none. The other `OTEL_*` variables apply in both cases. `otlp` are options of the exporter
    otlp (see `otlp_arguments`), which they name where no exporters are.
    """

    def __new__(
        cls,
        attributes: Attributes = None,
        *,
        exporters: tuple[str, ...] | None = None,
        otlp: Mapping[str, Any] | None = None,
    ) -> Self:
        """Open it. What is not valid raises, and nothing is left open."""
        if otlp is not None and exporters is None:
            exporters = ("otlp",)
        return super().__new__(cls, attributes, exporters=exporters, otlp=otlp_arguments(otlp))

    @functools.cached_property
    def resource(self) -> Resource:
        """What the spans are said to come from."""
        return Resource(self._resource_attributes())


def _warn_ended(method: str) -> None:
    logger.warning("%s() was called on a span that has ended", method)


_core.configure(
    {
        "span_class": Span,
        "tracer_class": Tracer,
        "api_span_class": trace.Span,
        "span_context_class": trace.SpanContext,
        "trace_flags_class": trace.TraceFlags,
        "trace_state_from_text": lambda text: trace.TraceState.from_header([text]),
        "non_recording_span_class": trace.NonRecordingSpan,
        "invalid_span": trace.INVALID_SPAN,
        "span_key": _SPAN_KEY,
        "context_class": context_api.Context,
        **context_functions(),
        "span_kinds": tuple(trace.SpanKind),
        "clean_attributes": clean_attributes,
        "warn_ended": _warn_ended,
        "record_error": record_error,
        "decorate": decorate,
    }
)
