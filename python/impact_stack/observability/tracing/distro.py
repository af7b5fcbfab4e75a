"""What `opentelemetry-instrument` asks for: a distro and a configurator, both called impact_stack.

Where another distro is installed as well, `OTEL_PYTHON_DISTRO=impact_stack` and
`OTEL_PYTHON_CONFIGURATOR=impact_stack` choose ours.
"""

from __future__ import annotations

import os
from typing import Any

from opentelemetry import trace
from opentelemetry.instrumentation.distro import BaseDistro  # type: ignore[attr-defined]

from .auto import tracer_provider
from .instrumentors import native_or_installed


class Distro(BaseDistro):  # type: ignore[misc]
    """Leaves the environment alone: what there is to say is said to the provider."""

    def _configure(self, **kwargs: Any) -> None:
        """Do nothing."""

    def load_instrumentor(self, entry_point: Any, **kwargs: Any) -> None:
        """Apply an instrumentor, or ours of that name; that of logging without its handler.

        A handler of the root logger is what others look for, who make their own where there is
        none: `flask run` would no longer say where it listens.
        """
        asked = os.environ.get("OTEL_PYTHON_LOG_AUTO_INSTRUMENTATION")
        if entry_point.name == "logging" and asked is None:
            kwargs["enable_log_auto_instrumentation"] = False
        super().load_instrumentor(native_or_installed(entry_point), **kwargs)


class Configurator:
    """Makes our provider the process's own."""

    def configure(self, **_: Any) -> None:
        """Set it; meters and loggers stay whose they are."""
        trace.set_tracer_provider(tracer_provider())
