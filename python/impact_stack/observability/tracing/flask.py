"""The native instrumentor of Flask: the spans of opentelemetry-instrumentation-flask, made in C.

What is asked for each request is in `_core/flask.c`; here is what is known before.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Any

import flask
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter

from .. import _core, logger
from .http import (
    conventions_from_environment,
    error_setter,
    excluded_urls,
    guarded,
    header_capture,
    joined_headers,
    url_of,
)
from .inject import w3c_propagator
from .metrics import ServerMetrics

_SCOPE = "impact_stack.observability.tracing.flask"
_KEY = "impact_stack.observability.flask"


class FlaskInstrumentor:
    """Traces Flask apps; its methods are those of opentelemetry-instrumentation-flask."""

    _original: type[flask.Flask] | None = None

    @property
    def is_instrumented_by_opentelemetry(self) -> bool:
        """Whether each new app is traced."""
        return self._original is not None

    @staticmethod
    def instrument_app(
        app: flask.Flask,
        request_hook: Callable[..., Any] | None = None,
        response_hook: Callable[..., Any] | None = None,
        tracer_provider: trace.TracerProvider | None = None,
        excluded_urls: str | None = None,
        enable_commenter: bool = True,
        commenter_options: Mapping[str, bool] | None = None,
        meter_provider: Any = None,
    ) -> None:
        """Trace the requests to this app."""
        if getattr(app, "_is_instrumented_by_opentelemetry", False):
            logger.warning("This Flask app is instrumented already")
            return
        tracer = _tracer_for(
            app,
            request_hook=request_hook,
            response_hook=response_hook,
            tracer_provider=tracer_provider,
            excluded=excluded_urls,
            comment=_comment_maker(commenter_options or {}) if enable_commenter else None,
            meter_provider=meter_provider,
        )
        app.before_request(tracer.begin)
        app.teardown_request(tracer.finish)
        app.extensions[_KEY] = tracer, app.wsgi_app
        app.wsgi_app = tracer  # type: ignore[method-assign]
        app._is_instrumented_by_opentelemetry = True  # type: ignore[attr-defined]

    @staticmethod
    def uninstrument_app(app: flask.Flask) -> None:
        """Trace them no more."""
        if _KEY not in app.extensions:
            logger.warning("This Flask app is not instrumented")
            return
        tracer, original = app.extensions.pop(_KEY)
        app.wsgi_app = original  # type: ignore[method-assign]
        app.before_request_funcs[None].remove(tracer.begin)
        app.teardown_request_funcs[None].remove(tracer.finish)
        app._is_instrumented_by_opentelemetry = False  # type: ignore[attr-defined]

    def instrument(self, **arguments: Any) -> None:
        """Trace each app that is made from now on, with the arguments of `instrument_app`."""
        for name in ("skip_dep_check", "raise_exception_on_conflict"):
            arguments.pop(name, None)  # what opentelemetry's instrumentors know; we depend on Flask
        if FlaskInstrumentor._original is not None:
            logger.warning("Flask is instrumented already")
            return
        original = flask.Flask

        class InstrumentedFlask(original):  # type: ignore[misc, valid-type]
            """A Flask app that is traced."""

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                FlaskInstrumentor.instrument_app(self, **arguments)

        FlaskInstrumentor._original = original
        flask.Flask = InstrumentedFlask  # type: ignore[misc]

    def uninstrument(self) -> None:
        """Leave new apps alone again."""
        if FlaskInstrumentor._original is None:
            logger.warning("Flask is not instrumented")
            return
        flask.Flask = FlaskInstrumentor._original  # type: ignore[misc]
        FlaskInstrumentor._original = None


def _tracer_for(
    app: flask.Flask,
    *,
    request_hook: Callable[..., Any] | None,
    response_hook: Callable[..., Any] | None,
    tracer_provider: trace.TracerProvider | None,
    excluded: str | None,
    comment: Callable[..., Any] | None,
    meter_provider: Any,
) -> _core.FlaskTracer:
    conventions = conventions_from_environment()
    tracer = trace.get_tracer(_SCOPE, None, tracer_provider, schema_url=conventions.schema_url)
    pattern = excluded_urls("FLASK", excluded)
    return _core.FlaskTracer(
        {
            "tracer": tracer,
            "app": app.wsgi_app,
            "flask_context": _flask_context(),
            "start_span": functools.partial(_start_span, tracer),
            "extract": _extract,
            "get_propagator": propagate.get_global_textmap,
            "w3c_propagator": w3c_propagator(),
            "url_of": url_of,
            "is_excluded": None if pattern is None else functools.partial(_is_excluded, pattern),
            "request_hook": guarded(request_hook),
            "response_hook": guarded(response_hook),
            "request_headers": _request_headers(),
            "response_headers": _response_headers(),
            "response_propagate": _response_propagate(),
            "set_error": error_setter(conventions),
            "comment": comment,
            "metrics": ServerMetrics(conventions, meter_provider),
            "reports_old": conventions.reports_old,
            "reports_new": conventions.reports_new,
            "takes_all_methods": conventions.takes_all_methods,
        }
    )


def _flask_context() -> Callable[[], Any]:
    """Return what gives the context of the request; Flask 3.2 has one of both kinds."""
    names = vars(flask.globals)
    proxy = names["request_ctx" if "request_ctx" in names else "app_ctx"]
    function: Callable[[], Any] = proxy._get_current_object
    return function


def _start_span(
    tracer: trace.Tracer, name: str, context: Context, kind: Any, attributes: Any, start: int
) -> trace.Span:
    """Start a span by a tracer that is not ours."""
    return tracer.start_span(
        name, context=context, kind=kind, attributes=attributes, start_time=start
    )


def _is_excluded(pattern: re.Pattern[str], context: Any) -> bool:
    return pattern.search(_url_of(context.request)) is not None


_URL = flask.Request.url
# A URL in which werkzeug changes nothing: no default port, nothing to quote, no IDNA.
_PLAIN_URL = re.compile(
    r"https?://(?![^/]*xn--)[a-z0-9.-]+(?::(?!0|80/|443/)[0-9]+)?/(?!/)[A-Za-z0-9/_.~-]*"
    r"(?:\?[A-Za-z0-9/_.~=&-]+)?"
)


def _url_of(request: flask.Request) -> str:
    """Return `request.url`, which costs as much as all the rest, and is nearly always plain."""
    environ = request.environ
    path = environ.get("PATH_INFO", "")
    query = environ.get("QUERY_STRING")
    host = environ.get("HTTP_HOST", "")
    url = f"{environ['wsgi.url_scheme']}://{host}{path}"
    url = f"{url}?{query}" if query else url
    is_plain = (
        type(request).url is _URL
        and not environ.get("SCRIPT_NAME")
        and request.trusted_hosts is None
        and "?" not in path
        and "/" not in host
        and _PLAIN_URL.fullmatch(url)
    )
    return url if is_plain else request.url


# ---- propagation ----


class _EnvironGetter(Getter[dict[str, Any]]):
    def get(self, carrier: dict[str, Any], key: str) -> list[str] | None:
        value = carrier.get("HTTP_" + key.upper().replace("-", "_"))
        return None if value is None else [value]

    def keys(self, carrier: dict[str, Any]) -> list[str]:
        return [key[5:].lower().replace("_", "-") for key in carrier if key.startswith("HTTP_")]


_ENVIRON_GETTER = _EnvironGetter()


def _extract(environ: dict[str, Any]) -> Context:
    return propagate.extract(environ, getter=_ENVIRON_GETTER)


def _response_propagate() -> Callable[[list[tuple[str, str]]], None] | None:
    """Return what writes the span's context into an answer, where somebody could ask for it."""
    try:
        from opentelemetry.instrumentation import propagators
    except ImportError:
        return None

    class HeaderSetter(propagators.Setter):
        """Appends to the headers of WSGI."""

        def set(self, carrier: list[tuple[str, str]], key: str, value: str) -> None:
            carrier.append((key, value))

    setter = HeaderSetter()

    def inject(headers: list[tuple[str, str]]) -> None:
        propagator = propagators.get_global_response_propagator()  # type: ignore[no-untyped-call]
        if propagator:
            propagator.inject(headers, setter=setter)

    return inject


# ---- headers and comments ----


def _request_headers() -> Callable[[dict[str, Any]], dict[str, Any]] | None:
    capture = header_capture("SERVER", "REQUEST")
    if capture is None:
        return None

    def read(environ: dict[str, Any]) -> dict[str, Any]:
        headers = {
            key[5:].replace("_", "-"): value
            for key, value in environ.items()
            if key.startswith("HTTP_")
        }
        return capture.attributes_of(headers)

    return read


def _response_headers() -> Callable[[list[tuple[str, str]]], dict[str, Any]] | None:
    capture = header_capture("SERVER", "RESPONSE")
    if capture is None:
        return None
    return lambda headers: capture.attributes_of(joined_headers(headers))


def _comment_maker(options: Mapping[str, bool]) -> Callable[[Any], dict[str, str]]:
    """Return a function from a route to what sqlcommenter writes into statements."""
    framework = f"flask:{metadata.version('flask')}" if options.get("framework", True) else ""
    has_controller = options.get("controller", True)
    has_route = options.get("route", True)

    def comment(rule: Any) -> dict[str, str]:
        words = {"framework": framework} if framework else {}
        if rule is not None and has_controller and rule.endpoint:
            words["controller"] = rule.endpoint
        if rule is not None and has_route and rule.rule:
            words["route"] = rule.rule
        return words

    return comment
