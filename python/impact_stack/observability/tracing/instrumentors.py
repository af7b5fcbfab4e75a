"""OpenTelemetry's instrumentors, found by their entry points and applied to an app."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import metadata
from typing import TYPE_CHECKING, Any

from opentelemetry import trace

from .. import logger

if TYPE_CHECKING:
    import flask

_GROUP = "opentelemetry_instrumentor"

Apply = Callable[[Any, Any, Any], None]


def autoinstrument_app(
    app: flask.Flask,
    instrumentors: Iterable[str] | None = None,
    tracer_provider: trace.TracerProvider | None = None,
) -> dict[str, type]:
    """Apply the named instrumentors, or all that are installed; return their classes by name.

    One that fails is logged and left out: an app must run with a broken instrumentor.
    """
    applied = {}
    for entry_point in _entry_points(instrumentors):
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


def _entry_points(instrumentors: Iterable[str] | None) -> list[metadata.EntryPoint]:
    installed = {point.name: point for point in metadata.entry_points(group=_GROUP)}
    names = list(instrumentors or installed)
    for name in names:
        if name not in installed:
            logger.warning("Instrumentor '%s' is not installed", name)
    return [installed[name] for name in names if name in installed]


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
    instrumentor.instrument_app(app, tracer_provider=provider)


def _apply_to_engine(instrumentor: Any, app: flask.Flask, provider: Any) -> None:
    """Flask-SQLAlchemy has made its engine: to instrument `create_engine` would be too late."""
    extension = app.extensions.get("sqlalchemy")
    if extension is None:
        _apply_globally(instrumentor, app, provider)
        return
    with app.app_context():
        engine = getattr(extension, "db", extension).engine
    _instrument(instrumentor, engine=engine, tracer_provider=provider)


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
