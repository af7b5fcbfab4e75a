"""The tracer provider, tracers and spans: the C core behind the classes of opentelemetry-api.

C allocates the objects; the classes here only make them instances of the API's own, and hold what
is better said in Python. opentelemetry-sdk is not used.
"""

from __future__ import annotations

import functools
import logging
import os
import time
import traceback
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace.propagation import _SPAN_KEY
from opentelemetry.util.types import Attributes

from .. import _core
from . import process_end
from .attributes import clean_attributes
from .batch import BatchSpanProcessor
from .current import context_functions, decorate, record_error
from .exporters import ABSENT, Exporters, exporters_of_environment, open_leniently
from .id_generator import RandomIdGenerator, generator_to_ask
from .limits import limit_numbers
from .otlp import otlp_arguments
from .processors import SynchronousMultiSpanProcessor, need_processor, tell
from .readable import ReadableSpan
from .repeated import say
from .resource import Resource
from .sampling import ask_sampler, sampler_argument, sampler_of_environment
from .scope import InstrumentationScope

if TYPE_CHECKING:
    from typing_extensions import Self

# Whoever reads the spans asks which language was traced, and that is not the core's.
_SDK_ATTRIBUTES = {"telemetry.sdk.language": "python"}


class Span(ReadableSpan, trace.Span):
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
        """End the span, and record an error that leaves the block.

        SystemExit, KeyboardInterrupt and GeneratorExit are no errors, as in `use_span`.
        """
        if isinstance(exc_val, Exception) and self.is_recording():
            if self._records_exceptions:
                self.record_exception(exc_val, escaped=True)
            if self._sets_status:
                description = f"{type(exc_val).__name__}: {_text_of(exc_val)}"
                self.set_status(trace.StatusCode.ERROR, description)
        self.end()


class UnsampledSpan(Span, trace.NonRecordingSpan):
    """A span that records nothing, and knows its context."""

    __slots__ = ()


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

    instrumentation_scope = InstrumentationScope("")
    """Who makes its spans."""

    @property
    def resource(self) -> Resource:
        """What its spans are said to come from."""
        resource: Resource = self._provider.resource
        return resource


class TracerProvider(_core.TracerProvider, trace.TracerProvider):
    """A tracer provider, with the arguments of opentelemetry-sdk's and some of its own.

    `resource` or `attributes` say what the spans come from. `exporters` is a tuple of names of the
    core; None asks `OTEL_TRACES_EXPORTER`, and where that is unset `default_exporters`, a comma
    list of the same names. `otlp` are options of the exporter otlp (see `otlp_arguments`), which
    they name where no exporters are. What is not given is read from the other `OTEL_*` variables.
    `meter_provider` is taken and not used: `stats()` has the counters.
    """

    _active_span_processor: Any = None
    _is_shut_down = False
    _resource_process: int | None = None

    def __new__(
        cls,
        sampler: Any = None,
        resource: Any = None,
        shutdown_on_exit: bool = True,
        active_span_processor: Any = None,
        id_generator: Any = None,
        span_limits: Any = None,
        *,
        attributes: Attributes = None,
        exporters: tuple[str, ...] | None = None,
        default_exporters: str = "",
        otlp: Mapping[str, Any] | None = None,
        meter_provider: Any = None,
    ) -> Self:
        """Open it. What is not valid raises, and nothing is left open."""
        del meter_provider
        chosen = _choose_exporters(exporters, default_exporters, otlp)
        described = attributes if resource is None else _attributes_of(resource)
        if active_span_processor is not None:
            need_processor("active_span_processor", active_span_processor)
        open_with = functools.partial(
            super().__new__,
            cls,
            {**_SDK_ATTRIBUTES, **clean_attributes(described or {})},
            otlp=otlp_arguments(otlp),
            sampler=sampler_argument(sampler),
            id_generator=generator_to_ask(id_generator),
            limits=limit_numbers(span_limits),
        )
        if exporters is None and otlp is None:
            self, core_names = open_leniently(open_with, chosen.core)
        else:
            self, core_names = open_with(exporters=chosen.core), chosen.core
        self._tracers = weakref.WeakValueDictionary()
        self._takes_all = ABSENT not in core_names
        self._has_core_exporters = bool(core_names)
        self._is_disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
        self.sampler = sampler or sampler_of_environment()
        self.id_generator = id_generator or RandomIdGenerator()
        self._resource = resource
        if active_span_processor is not None:
            self._listen_to(active_span_processor)
        for exporter in chosen.python:
            self.add_span_processor(BatchSpanProcessor(exporter))
        if shutdown_on_exit:
            process_end.shutdown_at_exit(self)
        return self

    _tracers: weakref.WeakValueDictionary[InstrumentationScope, Tracer]
    _takes_all: bool
    _has_core_exporters: bool
    _is_disabled: bool
    sampler: Any
    id_generator: Any
    _resource: Any

    @property
    def resource(self) -> Any:
        """What the spans are said to come from: a forked child is another process."""
        if self._resource is None or self._resource_process not in (None, os.getpid()):
            self._resource = Resource(self._resource_attributes())
            self._resource_process = os.getpid()
        return self._resource

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> trace.Tracer:
        """Return the tracer of a scope: the same one for the same, as long as somebody has it."""
        if self._is_disabled:
            return trace.NoOpTracer()
        if not instrumenting_module_name:
            say(logging.ERROR, "no module name", "get_tracer() was called without a name")
        scope = InstrumentationScope(
            instrumenting_module_name or "",
            instrumenting_library_version,
            schema_url,
            clean_attributes(attributes) if attributes else None,
        )
        tracer = self._tracers.get(scope)
        if tracer is None:
            made: Tracer = super().get_tracer(
                instrumenting_module_name, instrumenting_library_version, schema_url, attributes
            )
            made.instrumentation_scope = scope
            tracer = self._tracers.setdefault(scope, made)
        return tracer

    # ---- processors in Python: the C core calls out only once there is one ----

    def add_span_processor(self, span_processor: Any) -> None:
        """Tell a processor, ours or one of opentelemetry-sdk, of spans from now on."""
        need_processor("the span processor", span_processor)
        if self._active_span_processor is None:
            self._listen_to(SynchronousMultiSpanProcessor())
        self._active_span_processor.add_span_processor(span_processor)

    def _listen_to(self, span_processor: Any) -> None:
        self._active_span_processor = span_processor
        self._listen()

    def _on_start(self, span: Span, parent_context: Any) -> None:
        """Called by `start_span`, for a span that records."""
        tell(self._active_span_processor, "on_start", span, parent_context=parent_context)

    def _on_end(self, span: Span, end_time: int | None) -> None:
        """Called by `Span.end`: the end is fixed before the processors are told of it."""
        end = time.time_ns() if end_time is None else end_time
        try:
            tell(self._active_span_processor, "_on_ending", span)
        finally:  # what it raises is the program's; the span ends all the same
            if span._end(end):
                tell(self._active_span_processor, "on_end", span)

    def stats(self) -> dict[str, int]:
        """Return the counters, over the exporters of the core and those in Python."""
        processors = getattr(self._active_span_processor, "_span_processors", ())
        counted = [p.stats() for p in processors if isinstance(p, BatchSpanProcessor)]
        stats = super().stats()
        if counted and not self._has_core_exporters:  # to which all is exported that nobody wants
            stats = dict.fromkeys(stats, 0)
        return {name: count + sum(c[name] for c in counted) for name, count in stats.items()}

    # ---- flush and shutdown ----

    def force_flush(self, timeout_millis: float | None = 30000) -> bool:
        """Export what has ended. True: all of it was exported, by everybody, in time."""
        timeout_millis = 30000 if timeout_millis is None else timeout_millis
        deadline = time.monotonic() + timeout_millis / 1000
        is_flushed = super().force_flush(timeout_millis) and self._takes_all
        if self._active_span_processor is None:
            return is_flushed
        left = max(int((deadline - time.monotonic()) * 1000), 0)
        is_told = tell(self._active_span_processor, "force_flush", left, otherwise=False)
        return is_told is not False and is_flushed

    def shutdown(self, timeout_millis: float | None = 30000) -> bool:
        """Flush, and stop: what ends later is not exported. True as in `force_flush`."""
        is_first = not self._is_shut_down
        self._is_shut_down = True
        is_flushed = self._takes_all
        if is_first and self._active_span_processor is not None:
            try:
                is_flushed = self.force_flush(timeout_millis)
            finally:  # a signal may interrupt it; who comes again does not come here
                tell(self._active_span_processor, "shutdown")
        is_shut_down = super().shutdown(timeout_millis)
        process_end.forget(self)  # last: until here a signal that ends the process has to find it
        return is_shut_down and is_flushed


def _attributes_of(resource: Any) -> Any:
    try:
        return resource.attributes
    except AttributeError:
        kind = type(resource).__name__
        raise TypeError(f"resource is of type {kind}, which has no attributes") from None


def _choose_exporters(names: Any, otherwise: str, otlp: Mapping[str, Any] | None) -> Exporters:
    if names is not None:
        return Exporters(names, ())
    return exporters_of_environment(otherwise) if otlp is None else Exporters(("otlp",), ())


def _warn(method: str, what: str) -> None:
    say(logging.WARNING, f"{method} {what}", f"{method}() {what}")


_core.configure(
    {
        "span_class": Span,
        "unsampled_span_class": UnsampledSpan,
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
        "record_error": record_error,
        "decorate": decorate,
        "warn": _warn,
        "ask_sampler": ask_sampler,
    }
)
