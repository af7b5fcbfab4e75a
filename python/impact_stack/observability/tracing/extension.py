"""Tracing: the Flask extension, and init_tracing for programs without Flask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry import trace

from .. import logger
from ..configuration import look_over
from . import process_end
from .instrumentors import autoinstrument_app, names_of
from .needed import need
from .provider import TracerProvider
from .resource import Resource, detect_attributes

if TYPE_CHECKING:
    import flask  # most programs that are traced have no need of it

Attributes = Mapping[str, Any] | None

_SWITCHES = ("TRACING_ENABLED", "TRACING_FLUSH_ON_SIGTERM", "TRACING_SQLALCHEMY_COMMENTER")
_SETTINGS = (
    "TRACING_FLASK",
    "TRACING_INSTRUMENTORS",
    "TRACING_OTLP",
    "TRACING_REQUESTS",
    "TRACING_RESOURCE_ATTRIBUTES",
)


def init_tracing(
    attributes: Attributes = None,
    resource_detectors: Iterable[Any] | None = None,
    tracer_provider: trace.TracerProvider | None = None,
    set_global_tracer_provider: bool = True,
    initialize_exporters: bool = True,
    *,
    resource_attributes: Attributes = None,
    otlp: Mapping[str, Any] | None = None,
    default_exporters: str = "",
    flush_on_sigterm: bool = False,
) -> trace.TracerProvider:
    """Make a tracer provider, or take the given one, and make it the process's own.

    `attributes` (or `resource_attributes`) describe the service; they win over what the detectors
    find, and both over `OTEL_RESOURCE_ATTRIBUTES`. The exporters are those of
    `OTEL_TRACES_EXPORTER`, where that is unset `default_exporters` (a comma list; none), or the
    exporter otlp with the options `otlp` where they are given:
    `endpoint`, `headers`, `timeout`, `certificate_file`, `client_certificate_file`,
    `client_key_file`. A provider that is given keeps its own resource and exporters. What waits is
    exported when the process ends; with `flush_on_sigterm` also when SIGTERM ends it, which nobody
    handles.
    """
    if tracer_provider is not None:
        need("tracer_provider", tracer_provider, "get_tracer")
    else:
        described = _one_of(attributes, resource_attributes)
        tracer_provider = TracerProvider(
            attributes={**detect_attributes(resource_detectors), **described},
            exporters=None if initialize_exporters else (),
            otlp=otlp,
            default_exporters=default_exporters,
        )
    if flush_on_sigterm:
        process_end.flush_on_sigterm()
    if set_global_tracer_provider:
        trace.set_tracer_provider(tracer_provider)
    return tracer_provider


def _one_of(attributes: Attributes, resource_attributes: Attributes) -> Mapping[str, Any]:
    """Return the attributes; the documentation of the package knows them by both names."""
    if attributes is not None and resource_attributes is not None:
        raise TypeError("give either 'attributes' or 'resource_attributes', not both")
    described = attributes or resource_attributes or {}
    if not isinstance(described, Mapping):
        raise TypeError(f"attributes are of type {type(described).__name__}, not a mapping")
    return described


def _configured_attributes(config: Mapping[str, Any]) -> Mapping[str, Any]:
    described = config.get("TRACING_RESOURCE_ATTRIBUTES") or {}
    if not isinstance(described, Mapping):
        raise TypeError(f"TRACING_RESOURCE_ATTRIBUTES is {described!r}, not a mapping")
    return described


class Tracing:
    """The Flask extension: a tracer provider, and instrumentors for the app.

    It reads `TRACING_ENABLED` (True), `TRACING_INSTRUMENTORS` (None: all that are installed),
    `TRACING_RESOURCE_ATTRIBUTES` ({}), and `TRACING_OTLP` (None) and `TRACING_FLUSH_ON_SIGTERM`
    (what the variable of that name says), which are arguments of `init_tracing`.
    """

    def __init__(self, app: flask.Flask | None = None) -> None:
        self.tracer_provider: trace.TracerProvider | None = None
        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: flask.Flask,
        resource_attributes: Attributes = None,
        resource_detectors: Iterable[Any] | None = None,
        tracer_provider: trace.TracerProvider | None = None,
        set_global_tracer_provider: bool = True,
        initialize_exporters: bool = True,
        *,
        attributes: Attributes = None,
    ) -> None:
        """Trace this app. What the configuration says of the resource wins over the arguments."""
        if "tracing" in app.extensions:
            raise RuntimeError(
                "A 'Tracing' instance has already been registered on this Flask app."
            )
        described = _one_of(attributes, resource_attributes)
        look_over(app.config, _SETTINGS, _SWITCHES, "Tracing")
        if not app.config.get("TRACING_ENABLED", True):
            app.logger.info("Tracing disabled")
            app.extensions["tracing"] = self
            return
        instrumentors = names_of(app.config.get("TRACING_INSTRUMENTORS"))
        provider = init_tracing(
            {**described, **_configured_attributes(app.config)},
            resource_detectors,
            tracer_provider,
            set_global_tracer_provider,
            initialize_exporters,
            otlp=app.config.get("TRACING_OTLP"),
            flush_on_sigterm=app.config.get(
                "TRACING_FLUSH_ON_SIGTERM", process_end.is_flush_on_sigterm_asked_for()
            ),
        )
        applied = autoinstrument_app(app, instrumentors, provider)
        self.tracer_provider = provider
        app.extensions["tracing"] = self
        app.logger.info(
            "Tracing initialized",
            extra={
                "instrumentors": list(applied),
                "resource_attributes": _resource_attributes(provider),
            },
        )

    def init_celery(self, celery_app: Any, **kwargs: Any) -> None:
        """Trace the Flask app that a Celery app has as `flask_app`; the arguments of `init_app`."""
        flask_app = getattr(celery_app, "flask_app", None)
        if flask_app is None:
            logger.warning("No flask_app connected to Celery. Cannot initialize tracing.")
            return
        self.init_app(flask_app, **kwargs)


def _resource_attributes(provider: trace.TracerProvider) -> Mapping[str, Any]:
    """Return the provider's resource attributes; one of somebody else's may have none."""
    return getattr(provider, "resource", Resource({})).attributes
