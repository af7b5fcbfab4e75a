"""OpenTelemetry tracing for Flask apps and other programs.

What only some programs need is imported when it is asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .current import use_span
from .new_span import new_span

if TYPE_CHECKING:
    from .extension import Tracing, init_tracing
    from .instrumentors import autoinstrument_app
    from .resource import PlatformResourceDetector
    from .telemetry import MetricPoint, sdk_metrics

__all__ = [
    "MetricPoint",
    "PlatformResourceDetector",
    "Tracing",
    "autoinstrument_app",
    "init_tracing",
    "new_span",
    "sdk_metrics",
    "use_span",
]

# A module of the same name, as that of new_span, would take the place of what is in it.
_MODULES = {
    "MetricPoint": "telemetry",
    "PlatformResourceDetector": "resource",
    "Tracing": "extension",
    "autoinstrument_app": "instrumentors",
    "init_tracing": "extension",
    "sdk_metrics": "telemetry",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
