"""The Tracing extension of an app that a server or a worker has loaded.

An application names it by an entry point, as it is not to be found otherwise:

    [project.entry-points.impact_stack_observability_tracing]
    gunicorn = "myapp:tracing"
    celery = "myapp:tracing"

Where it names none, a new extension is used.
"""

from __future__ import annotations

from importlib import metadata
from typing import Any

from .extension import Tracing

_GROUP = "impact_stack_observability_tracing"


def extension_for(host: str) -> Any:
    """Return the extension that the entry point of this name gives, or a new one."""
    for entry_point in metadata.entry_points(group=_GROUP, name=host):
        extension = entry_point.load()
        return extension() if isinstance(extension, type) else extension
    return Tracing()


def is_traced(app: Any) -> bool:
    """Whether an app has its extension already: from its own factory, or from before a fork."""
    return "tracing" in getattr(app, "extensions", ())
