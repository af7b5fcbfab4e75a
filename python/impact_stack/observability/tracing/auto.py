"""Our provider for any Python program, without a line of code in it.

    OTEL_PYTHON_TRACER_PROVIDER=impact_stack python app.py

gives it to whoever asks opentelemetry-api for one, which is the entry point
`opentelemetry_tracer_provider`. Beside that,

    opentelemetry-instrument python app.py

applies the instrumentors that are installed: see `distro`.
"""

from __future__ import annotations

from opentelemetry import trace

from . import process_end
from .extension import init_tracing


def tracer_provider() -> trace.TracerProvider:
    """Make a provider out of the environment.

    Unlike a Flask app, which exports nothing unless it is told to, it has the default that the
    specification gives an exporter.
    """
    return init_tracing(
        set_global_tracer_provider=False,
        default_exporters="otlp",
        flush_on_sigterm=process_end.is_flush_on_sigterm_asked_for(),
    )
