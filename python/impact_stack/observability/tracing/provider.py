"""The tracer provider, tracers and spans: the C core behind the classes of opentelemetry-api.

C allocates the objects; the classes here only make them instances of the API's own, and hold what
is better said in Python. opentelemetry-sdk is not used.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext
from opentelemetry.trace.propagation import _SPAN_KEY
from opentelemetry.util._decorator import _agnosticcontextmanager
from opentelemetry.util.types import Attributes

from .. import _core, logger
from .attributes import clean_attributes
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
    """A tracer. `start_span` is in C."""

    @_agnosticcontextmanager
    def start_as_current_span(
        self, name: str, *args: Any, end_on_exit: bool = True, **kwargs: Any
    ) -> Iterator[trace.Span]:
        """Start a span and make it current: for `with`, or as a decorator."""
        *arguments, end_on_exit = (*args, end_on_exit) if len(args) < 8 else args
        span = self.start_span(name, *arguments, **kwargs)
        with trace.use_span(
            span,
            end_on_exit=end_on_exit,
            record_exception=getattr(span, "_records_exceptions", True),
            set_status_on_exception=getattr(span, "_sets_status", True),
        ):
            yield span


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


def _current_context() -> Callable[[], Any]:
    """Return the fastest function that gives the current Context.

    The variable is read directly only where the runtime context is the API's own; it may be
    replaced (OTEL_PYTHON_CONTEXT).
    """
    runtime = context_api._RUNTIME_CONTEXT
    if type(runtime) is ContextVarsRuntimeContext:
        return runtime._current_context.get
    return context_api.get_current


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
        "current_context": _current_context(),
        "span_kinds": tuple(trace.SpanKind),
        "clean_attributes": clean_attributes,
        "warn_ended": _warn_ended,
    }
)
