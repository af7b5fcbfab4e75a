"""What keeps instrumentation silent while a check runs: a probe is no traffic of the app."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context

__all__ = ["suppress_instrumentation"]

try:
    from opentelemetry.instrumentation.utils import suppress_instrumentation
except ImportError:

    @contextmanager
    def suppress_instrumentation() -> Iterator[None]:
        """Set the key that instrumentors ask for which do not come with OpenTelemetry's own."""
        token = context.attach(context.set_value("suppress_instrumentation", True))
        try:
            yield
        finally:
            context.detach(token)
