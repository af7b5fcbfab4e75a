"""What keeps instrumentation silent about probes: they are no traffic of the app."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import context

__all__ = ["Untraced", "suppress_instrumentation"]

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


class Untraced:
    """A WSGI app that tells our Flask instrumentor to leave the requests below a path alone."""

    def __init__(self, app: Callable[..., Iterable[bytes]], path: str) -> None:
        self._app = app
        self._path = path
        self._below = path + "/"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == self._path or path.startswith(self._below):
            environ["impact_stack.observability.untraced"] = True
        return self._app(environ, start_response)
