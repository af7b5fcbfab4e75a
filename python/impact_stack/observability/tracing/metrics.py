"""The metrics of the native instrumentors, for whoever has a meter provider beside us."""

from __future__ import annotations

from collections.abc import Mapping
from timeit import default_timer
from typing import Any
from urllib.parse import SplitResult, urlsplit

from opentelemetry import metrics, trace
from opentelemetry.metrics import _internal as metrics_internal

from .http import Conventions, normal_method

_SCOPE = "impact_stack.observability"
_MILLISECONDS = (0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000)
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
            provider = _real_meter_provider(self._provider)
            if provider is None:
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


def _real_meter_provider(given: Any) -> Any:
    """Return the one that is given, or the global one if it was set; None: nobody wants metrics.

    To ask the API for the global one would read the environment for each request.
    """
    provider = given or getattr(metrics_internal, "_METER_PROVIDER", None)
    return None if isinstance(provider, metrics.NoOpMeterProvider) else provider


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


class ClientMetrics:
    """Durations of requests to others, once there is a meter provider; before, nothing."""

    def __init__(self, conventions: Conventions, provider: Any, boundaries: Any) -> None:
        self._conventions = conventions
        self._provider = provider
        self._boundaries = boundaries
        self._meter: Any = None
        self._old: Any = None
        self._new: Any = None

    def measure(self, seconds: float, request: Any, response: Any, error: Exception | None) -> None:
        """Record how long a request took."""
        if self._meter is None and not self._open():
            return
        url = urlsplit(request.url or "")
        method = normal_method((request.method or "").strip(), self._conventions)
        code = getattr(response, "status_code", None)
        version = {10: "1.0", 11: "1.1"}.get(getattr(getattr(response, "raw", None), "version", 0))
        if self._old:
            old = {
                "http.method": method,
                "http.scheme": url.scheme,
                "http.host": url.hostname,
                "net.peer.name": url.hostname,
                "net.peer.port": _port_of(url),
                "http.status_code": code,
                "http.flavor": version,
            }
            self._old.record(max(round(seconds * 1000), 0), _present(old))
        if self._new:
            new = {
                "http.request.method": method,
                "server.address": url.hostname,
                "server.port": _port_of(url),
                "http.response.status_code": code,
                "network.protocol.version": version,
                "error.type": _error_type(code, error),
            }
            self._new.record(max(seconds, 0), _present(new))

    def _open(self) -> bool:
        provider = _real_meter_provider(self._provider)
        if provider is None:
            return False
        meter = provider.get_meter(_SCOPE, schema_url=self._conventions.schema_url)
        self._old = self._conventions.reports_old and meter.create_histogram(
            "http.client.duration",
            unit="ms",
            description="measures the duration of the outbound HTTP request",
            explicit_bucket_boundaries_advisory=self._boundaries or _MILLISECONDS,
        )
        self._new = self._conventions.reports_new and meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=self._boundaries or _SECONDS,
        )
        self._meter = meter
        return True


def _present(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value}


def _port_of(url: SplitResult) -> int | None:
    try:
        return url.port
    except ValueError:
        return None


def _error_type(code: int | None, error: Exception | None) -> str | None:
    if error is not None:
        return type(error).__qualname__
    return str(code) if code is not None and not 100 <= code < 400 else None
