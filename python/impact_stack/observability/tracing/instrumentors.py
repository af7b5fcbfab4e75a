"""OpenTelemetry's instrumentors, found by their entry points and applied to an app."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry import trace

from .. import logger
from .repeated import say

if TYPE_CHECKING:
    from importlib import metadata

    import flask

_GROUP = "opentelemetry_instrumentor"

Apply = Callable[[Any, Any, Any], None]

# Ours, which take the place of those that are installed under the same name.
_NATIVE = {"flask": "FlaskInstrumentor", "requests": "RequestsInstrumentor"}


def autoinstrument_app(
    app: flask.Flask,
    instrumentors: Iterable[str] | None = None,
    tracer_provider: trace.TracerProvider | None = None,
    *,
    contrib: Iterable[str] | None = None,
) -> dict[str, type]:
    """Apply the named instrumentors, or all that there are; return their classes by name.

    `flask` and `requests` are ours, and make the spans of opentelemetry-instrumentation-flask and
    -requests; what `contrib` names is those packages' all the same (None: where `TRACING_FLASK`, or
    `TRACING_REQUESTS`, says "contrib", in the configuration or the environment). One that fails is
    logged and left out: an app must run with a broken instrumentor.
    """
    applied = {}
    contrib = _contrib_by_configuration(app.config) if contrib is None else contrib
    for entry_point in _entry_points(instrumentors, set(contrib)):
        try:
            instrumentor_class = entry_point.load()
            apply: Apply = _APPLY.get(entry_point.name, _apply_globally)
            apply(instrumentor_class(), app, tracer_provider)
        except Exception as error:  # pylint: disable=broad-exception-caught
            logger.error(
                "Instrumentor '%s' cannot be applied: %s",
                entry_point.name,
                error,
                exc_info=not isinstance(error, NotApplied),
            )
            continue
        applied[entry_point.name] = instrumentor_class
    return applied


def _contrib_by_configuration(config: Mapping[str, Any]) -> list[str]:
    """Return the names of which opentelemetry-python-contrib's are wanted in place of ours."""
    return [name for name in _NATIVE if _is_contrib(config, f"TRACING_{name.upper()}")]


def _is_contrib(config: Mapping[str, Any], key: str) -> bool:
    value = config.get(key, os.environ.get(key))
    if value not in (None, "", "contrib", "native"):
        say(logging.WARNING, key, f"{key} is {value!r}, which means nothing: contrib, or native")
    return value == "contrib"  # type: ignore[no-any-return]


def native_or_installed(entry_point: metadata.EntryPoint) -> metadata.EntryPoint:
    """Return ours of that name where there is one, unless the environment says otherwise."""
    if entry_point.name not in _NATIVE or entry_point.name in _contrib_by_configuration({}):
        return entry_point
    return _native(entry_point.name)


def _native(name: str) -> metadata.EntryPoint:
    from importlib import metadata  # takes as long as all the rest of the package

    return metadata.EntryPoint(name, f"{__package__}.{name}:{_NATIVE[name]}", _GROUP)


def _entry_points(
    instrumentors: Iterable[str] | None, contrib: set[str]
) -> list[metadata.EntryPoint]:
    from importlib import metadata  # takes as long as all the rest of the package

    installed = {point.name: point for point in metadata.entry_points(group=_GROUP)}
    installed |= {name: _native(name) for name in _NATIVE if name not in contrib}
    names = names_of(instrumentors) or list(installed)
    for name in names:
        if name not in installed:
            logger.warning("Instrumentor '%s' is not installed", name)
    return [installed[name] for name in names if name in installed]


def names_of(instrumentors: Iterable[str] | None) -> list[str]:
    """Return the names of instrumentors; a text is the only one, or a comma list. None: no name."""
    if isinstance(instrumentors, str):
        return [name.strip() for name in instrumentors.split(",") if name.strip()]
    try:
        return list(instrumentors or ())
    except TypeError:
        kind = type(instrumentors).__name__
        raise TypeError(f"the names of instrumentors are of type {kind}, not a list") from None


class NotApplied(Exception):
    """An instrumentor refused, and has said why in the log."""


def _instrument(instrumentor: Any, **arguments: Any) -> None:
    """Apply an instrumentor; one whose library is missing, or too new, only logs and returns."""
    instrumentor.instrument(**arguments)
    if not getattr(instrumentor, "is_instrumented_by_opentelemetry", True):
        raise NotApplied("it does not take the library that is installed")


def _apply_globally(instrumentor: Any, app: flask.Flask, provider: Any) -> None:
    del app
    _instrument(instrumentor, tracer_provider=provider)


def _apply_to_app(instrumentor: Any, app: flask.Flask, provider: Any) -> None:
    arguments = {"tracer_provider": provider}
    is_native = type(instrumentor).__module__.startswith(f"{__package__}.")
    if not is_native and not app.config.get("HEALTH_TRACED", True):  # ours asks the request
        arguments["excluded_urls"] = _with_health_paths(app)
    instrumentor.instrument_app(app, **arguments)


def _with_health_paths(app: flask.Flask) -> str:
    """Return the URLs that the environment excludes, and those of the app's health checks.

    They are below `/health` where the app has no Health yet, which may have another prefix.
    """
    from ..health.answers import PROBES  # few need it

    general = os.environ.get("OTEL_PYTHON_EXCLUDED_URLS", "")
    patterns = [os.environ.get("OTEL_PYTHON_FLASK_EXCLUDED_URLS", general)]
    prefix = getattr(app.extensions.get("health"), "url_prefix", "/health").rstrip("/")
    root = re.escape(str(app.config.get("APPLICATION_ROOT") or "").rstrip("/"))
    for path in (prefix, *(PROBES if app.config.get("HEALTH_PROBES") else ())):
        pattern = f"^[^/]+//[^/]+({root})?{re.escape(path)}([/?]|$)"
        patterns.append(pattern.replace(",", r"\x2c"))  # the list's own commas part it
    return ",".join(filter(None, patterns))


def _apply_to_engine(instrumentor: Any, app: flask.Flask, provider: Any) -> None:
    """Flask-SQLAlchemy has made its engines: to instrument `create_engine` would be too late."""
    commenter = {"enable_commenter": bool(app.config.get("TRACING_SQLALCHEMY_COMMENTER", False))}
    extension = app.extensions.get("sqlalchemy")
    if extension is None:
        _instrument(instrumentor, tracer_provider=provider, **commenter)
        return
    with app.app_context():
        engines = _engines_of(getattr(extension, "db", extension), app)
    _instrument(instrumentor, engines=engines, tracer_provider=provider, **commenter)


def _engines_of(db: Any, app: flask.Flask) -> list[Any]:
    """Return the engine of each bind; Flask-SQLAlchemy 2 has no mapping of them."""
    if hasattr(db, "engines"):
        return list(db.engines.values())
    return [db.get_engine(app, bind) for bind in (None, *(app.config["SQLALCHEMY_BINDS"] or ()))]


def _apply_to_logging(instrumentor: Any, app: flask.Flask, provider: Any) -> None:
    """Newer releases put the trace id into log records only when asked, and export logs unasked."""
    del app
    _instrument(
        instrumentor,
        tracer_provider=provider,
        inject_trace_context=True,
        enable_log_auto_instrumentation=False,
    )


_APPLY: dict[str, Apply] = {
    "flask": _apply_to_app,
    "sqlalchemy": _apply_to_engine,
    "logging": _apply_to_logging,
}
