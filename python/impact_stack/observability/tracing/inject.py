"""The header of a span for what it calls: the process's propagator, or the same faster."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from opentelemetry import context as context_api
from opentelemetry import propagate, trace
from opentelemetry.baggage import _BAGGAGE_KEY
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .. import _core
from .provider import Span


def w3c_propagator() -> TextMapPropagator | None:
    """Return the process's propagator if it is the default one, None otherwise.

    What the default one reads and writes is known: `traceparent`, `tracestate` and `baggage`.
    """
    propagator = propagate.get_global_textmap()
    if type(propagator) is not CompositePropagator:
        return None
    members = [type(member) for member in propagator._propagators]
    is_w3c = members == [TraceContextTextMapPropagator, W3CBaggagePropagator]
    return propagator if is_w3c else None


_W3C = w3c_propagator()


def inject(span: trace.Span, headers: MutableMapping[str, Any]) -> None:
    """Write the current span, and what else is propagated, to the headers of a request."""
    if (
        type(span) is Span
        and propagate.get_global_textmap() is _W3C
        and _BAGGAGE_KEY not in context_api.get_current()
    ):
        headers["traceparent"], state = _core.w3c_headers(span)
        if state:
            headers["tracestate"] = state
    else:
        propagate.inject(headers)
