"""Tracing for an app that gunicorn runs, without a line of code:

gunicorn -c python:impact_stack.observability.tracing.gunicorn wsgi:app

Each worker traces the app that it has loaded. gunicorn reads this module as its configuration, and
leaves alone what is no setting of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import logger
from .hosts import extension_for, is_traced

wsgi_server = "gunicorn"
"""What the resource says the server is."""


def start_tracing(app: Any, resource_attributes: Mapping[str, Any] | None = None) -> None:
    """Trace an app, with the extension that its package names in its entry points."""
    if not hasattr(app, "extensions"):
        logger.warning("%r is no Flask app. Cannot initialize tracing.", app)
    elif not is_traced(app):
        extension_for(wsgi_server).init_app(app, resource_attributes=resource_attributes)


def post_worker_init(worker: Any) -> None:
    """Start tracing in a worker that has loaded its app (gunicorn's hook)."""
    start_tracing(worker.app.callable, {"wsgi_server": wsgi_server})
