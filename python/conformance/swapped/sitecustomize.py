"""Read by each interpreter that starts: opentelemetry-sdk's tracer provider is ours, and nothing
else is."""

import importlib

from opentelemetry.sdk import trace

from impact_stack.observability.tracing.provider import Span, TracerProvider


def swap():
    """Put ours where tests look for the SDK's."""
    trace.TracerProvider = TracerProvider


_reload = importlib.reload


def reload_and_swap(module):
    """Tests that load the SDK's module again get ours again."""
    loaded = _reload(module)
    swap()
    return loaded


importlib.reload = reload_and_swap
# opentelemetry-test-utils sorts spans by a private name.
Span._start_time = Span.start_time
swap()
