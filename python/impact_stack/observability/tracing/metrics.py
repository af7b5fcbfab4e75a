"""The metrics of the native instrumentors, for whoever has a meter provider beside us."""

from __future__ import annotations

from collections.abc import Mapping
from timeit import default_timer
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.metrics import _internal as metrics_internal

from .http import Conventions

_SCOPE = "impact_stack.observability"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

_ACTIVE_OLD = {"http.method", "http.host", "http.scheme", "http.flavor", "http.server_name"}
_ACTIVE_NEW = {"http.request.method", "url.scheme"}
_DURATION_OLD = _ACTIVE_OLD | {"http.status_code", "net.host.name", "net.host.port"}
_DURATION_NEW = _ACTIVE_NEW | {
    "error.type",
    "http.response.status_code",
    "http.route",
    "network.protocol.version",
}


def _only(attributes: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if name in names}


class ServerMetrics:
    """Durations and numbers of requests, once there is a meter provider; before, nothing."""

    def __init__(self, conventions: Conventions, provider: Any = None) -> None:
        self._conventions = conventions
        self._provider = provider
        self._instruments: _ServerInstruments | None = None

    def begin(self, tracer: Any, environ: dict[str, Any]) -> tuple[dict[str, Any], float] | None:
        """Count a request that begins; return what `end` needs, or None."""
        if self._instruments is None:
            provider = self._provider or _global_meter_provider()
            if provider is None or isinstance(provider, metrics.NoOpMeterProvider):
                return None
            self._instruments = _ServerInstruments(self._conventions, provider)
        attributes = tracer.attributes_of(environ)
        self._instruments.count(1, attributes)
        return attributes, default_timer()

    def end(
        self,
        measured: tuple[dict[str, Any], float],
        span: trace.Span | None,
        status: str | None,
        route: str | None,
        has_raised: bool,
    ) -> None:
        """Count its end; measure it, unless it was excluded or the app raised."""
        if self._instruments is None:
            return
        attributes, start = measured
        self._instruments.count(-1, attributes)
        if span is not None and status is not None and not has_raised:
            self._instruments.measure(default_timer() - start, attributes, span, status, route)


def _global_meter_provider() -> Any:
    """Return it if it was set. To ask the API would read the environment for each request."""
    return getattr(metrics_internal, "_METER_PROVIDER", None)


class _ServerInstruments:
    def __init__(self, conventions: Conventions, provider: Any) -> None:
        meter = provider.get_meter(_SCOPE, schema_url=conventions.schema_url)
        self._names = (_ACTIVE_OLD if conventions.reports_old else set()) | (
            _ACTIVE_NEW if conventions.reports_new else set()
        )
        self._active = meter.create_up_down_counter(
            "http.server.active_requests",
            unit="{request}" if conventions.reports_new else "requests",
            description="Number of active HTTP server requests.",
        )
        self._old = conventions.reports_old and meter.create_histogram(
            "http.server.duration",
            unit="ms",
            description="Measures the duration of inbound HTTP requests.",
        )
        self._new = conventions.reports_new and meter.create_histogram(
            "http.server.request.duration",
            unit="s",
            description="Duration of HTTP server requests.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )

    def count(self, amount: int, attributes: dict[str, Any]) -> None:
        self._active.add(amount, _only(attributes, self._names))

    def measure(
        self,
        seconds: float,
        attributes: dict[str, Any],
        span: trace.Span,
        status: str,
        route: str | None,
    ) -> None:
        context = trace.set_span_in_context(span)
        code = status.split(" ", 1)[0]
        number = int(code) if code.isdecimal() else None
        if self._old:
            old = _only(attributes, _DURATION_OLD)
            old |= {} if number is None else {"http.status_code": number}
            old |= {} if route is None else {"http.target": route}
            self._old.record(max(round(seconds * 1000), 0), old, context=context)
        if self._new:
            new = _only(attributes, _DURATION_NEW)
            new |= {} if number is None else {"http.response.status_code": number}
            new |= {} if route is None else {"http.route": route}
            if number is None or not 100 <= number < 500:
                new["error.type"] = code
            self._new.record(max(seconds, 0), new, context=context)
