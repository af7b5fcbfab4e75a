"""OpenTelemetry tracing for Flask apps and other programs."""

from .current import use_span
from .extension import Tracing, init_tracing
from .instrumentors import autoinstrument_app
from .new_span import new_span
from .resource import PlatformResourceDetector

__all__ = [
    "PlatformResourceDetector",
    "Tracing",
    "autoinstrument_app",
    "init_tracing",
    "new_span",
    "use_span",
]
