"""The native instrumentor of requests: the spans of opentelemetry-instrumentation-requests.

What is asked for every request is kept short; what only some ask for (hooks, headers, excluded
URLs, metrics) is None where nobody does.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from dataclasses import dataclass
from timeit import default_timer
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind
from requests.models import PreparedRequest, Response
from requests.sessions import Session
from requests.structures import CaseInsensitiveDict

from .. import logger
from .http import (
    Conventions,
    HeaderCapture,
    conventions_from_environment,
    excluded_urls,
    guarded,
    header_capture,
    is_http_suppressed,
    normal_method,
    redact_url,
    synthetic_type,
)
from .inject import inject
from .metrics import ClientMetrics

_SCOPE = "impact_stack.observability.tracing.requests"
_APPLIED = "opentelemetry_instrumentation_requests_applied"
_SUPPRESS = context_api._SUPPRESS_HTTP_INSTRUMENTATION_KEY
# opentelemetry.util.http.httplib adds the address of the connection to the spans that wait here.
_CONNECTION_STATE = "httpbase_instrumentation_state"

Send = Callable[..., Response]


class RequestsInstrumentor:
    """Traces what goes through `requests.Session.send`, which is all that requests sends."""

    @property
    def is_instrumented_by_opentelemetry(self) -> bool:
        """Whether requests are traced, by us or by contrib's instrumentor."""
        return hasattr(Session.send, _APPLIED)

    def instrument(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        request_hook: Callable[..., Any] | None = None,
        response_hook: Callable[..., Any] | None = None,
        excluded_urls: str | None = None,
        meter_provider: Any = None,
        duration_histogram_boundaries: Any = None,
        **_: Any,
    ) -> None:
        """Trace them. Other arguments of opentelemetry's instrumentors mean nothing here."""
        if self.is_instrumented_by_opentelemetry:
            logger.warning("requests is instrumented already")
            return
        conventions = conventions_from_environment()
        client = _Client(
            conventions=conventions,
            tracer=trace.get_tracer(
                _SCOPE, None, tracer_provider, schema_url=conventions.schema_url
            ),
            is_excluded=_excluded(excluded_urls),
            request_hook=guarded(request_hook),
            response_hook=guarded(response_hook),
            request_headers=header_capture("CLIENT", "REQUEST"),
            response_headers=header_capture("CLIENT", "RESPONSE"),
            metrics=ClientMetrics(conventions, meter_provider, duration_histogram_boundaries),
        )
        Session.send = _traced(Session.send, client)  # type: ignore[method-assign]

    def uninstrument(self, **_: Any) -> None:
        """Trace them no more."""
        if not self.is_instrumented_by_opentelemetry:
            logger.warning("requests is not instrumented")
            return
        Session.send = Session.send.__wrapped__  # type: ignore[method-assign, attr-defined]

    @staticmethod
    def uninstrument_session(session: Session) -> None:
        """Trace the requests of one session no more."""
        if hasattr(session.send, _APPLIED):
            original = session.send.__wrapped__  # type: ignore[attr-defined]
            session.send = types.MethodType(original, session)  # type: ignore[method-assign]


def _excluded(given: str | None) -> Callable[[str], Any] | None:
    pattern = excluded_urls("REQUESTS", given)
    return None if pattern is None else pattern.search


@dataclass(frozen=True)
class _Client:
    """What is known before there is a request."""

    conventions: Conventions
    tracer: trace.Tracer
    is_excluded: Callable[[str], Any] | None
    request_hook: Callable[..., None] | None
    response_hook: Callable[..., None] | None
    request_headers: HeaderCapture | None
    response_headers: HeaderCapture | None
    metrics: ClientMetrics


def _traced(wrapped: Send, client: _Client) -> Send:
    @functools.wraps(wrapped)
    def send(self: Session, request: PreparedRequest, **kwargs: Any) -> Response:
        if is_http_suppressed() or (client.is_excluded and client.is_excluded(request.url or "")):
            return wrapped(self, request, **kwargs)
        if request.headers is None:
            request.headers = CaseInsensitiveDict()
        method = normal_method((request.method or "").strip(), client.conventions)
        with client.tracer.start_as_current_span(
            "HTTP" if method == "_OTHER" else method,
            kind=SpanKind.CLIENT,
            attributes=_attributes_of(client, request, method),
        ) as span:
            if client.request_hook:
                client.request_hook(span, request)
            inject(span, request.headers)
            return _send(client, span, request, functools.partial(wrapped, self, request, **kwargs))

    setattr(send, _APPLIED, True)
    return send


def _send(
    client: _Client, span: trace.Span, request: PreparedRequest, send: Callable[[], Response]
) -> Response:
    """Send the request; say in the span what came of it."""
    start = default_timer()
    try:
        response = _suppressed(span, send)
    except Exception as error:
        seconds = default_timer() - start
        _record(client, span, request, getattr(error, "response", None), seconds, error)
        raise
    _record(client, span, request, response, default_timer() - start, None)
    return response


def _suppressed(span: trace.Span, send: Callable[[], Response]) -> Response:
    """Send it; what is below (urllib3, http.client) makes no spans of its own."""
    current = context_api.get_current()
    state: Any = current.get(_CONNECTION_STATE) or {"need_ip": []}
    waiting = state["need_ip"]
    waiting.append(span)
    token = context_api.attach(Context({**current, _SUPPRESS: True, _CONNECTION_STATE: state}))
    try:
        return send()
    finally:
        context_api.detach(token)
        if span in waiting:
            waiting.remove(span)


def _attributes_of(client: _Client, request: PreparedRequest, method: str) -> dict[str, Any]:
    conventions = client.conventions
    url = redact_url(request.url or "")
    agent = _agent_of(request)
    attributes: dict[str, Any] = {}
    if conventions.reports_old:
        attributes["http.method"] = method
        attributes["http.url"] = url
    if conventions.reports_new:
        _add_new(conventions, attributes, request, method, url)
    if agent:
        attributes["user_agent.original"] = agent
        synthetic = synthetic_type(agent)
        if synthetic:
            attributes["user_agent.synthetic.type"] = synthetic
    if client.request_headers:
        attributes |= client.request_headers.attributes_of(request.headers)
    return attributes


def _agent_of(request: PreparedRequest) -> str:
    agent: Any = request.headers.get("User-Agent") or ""
    return agent.decode("latin-1") if isinstance(agent, bytes) else str(agent)


def _add_new(
    conventions: Conventions,
    attributes: dict[str, Any],
    request: PreparedRequest,
    method: str,
    url: str,
) -> None:
    """Add what the new conventions ask for; some of it is, in both, under an old name as well."""
    original = (request.method or "").strip()
    if original and original != method:
        attributes["http.request.method_original"] = original
    attributes["http.request.method"] = method
    attributes["url.full"] = url
    host, port = _host_of(url)
    if host:
        attributes["server.address"] = attributes["network.peer.address"] = host
    if port:
        attributes["server.port"] = attributes["network.peer.port"] = port
    if host and conventions.reports_old:
        attributes["http.host"] = host
    if port and conventions.reports_old:
        attributes["net.peer.port"] = port


def _host_of(url: str) -> tuple[str | None, int | None]:
    """Return the host and the port; an odd port is none."""
    host = None
    try:
        parts = urlsplit(url)
        host = parts.hostname
        return host, parts.port
    except ValueError:
        return host, None


def _record(
    client: _Client,
    span: trace.Span,
    request: PreparedRequest,
    response: Response | None,
    seconds: float,
    error: Exception | None,
) -> None:
    if isinstance(response, Response):
        _record_response(client, span, response)
        if client.response_hook:
            client.response_hook(span, request, response)
    if error is not None and client.conventions.reports_new:
        span.set_attribute("error.type", type(error).__qualname__)
    client.metrics.measure(seconds, request, response, error)


def _record_response(client: _Client, span: trace.Span, response: Response) -> None:
    conventions = client.conventions
    code = response.status_code
    is_error = not 100 <= code < 400
    attributes: dict[str, Any] = {}
    if conventions.reports_old:
        attributes["http.status_code"] = code
    if conventions.reports_new:
        attributes["http.response.status_code"] = code
        if is_error:
            attributes["error.type"] = str(code)
        version = getattr(response.raw, "version", None)
        if version:
            attributes["network.protocol.version"] = "1.1" if version == 11 else "1.0"
        if version and conventions.reports_old:
            attributes["http.flavor"] = attributes["network.protocol.version"]
    if client.response_headers:
        attributes |= client.response_headers.attributes_of(response.headers)
    span.set_attributes(attributes)
    if is_error:
        span.set_status(trace.Status(trace.StatusCode.ERROR))
