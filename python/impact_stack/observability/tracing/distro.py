"""What `opentelemetry-instrument` asks for: a distro and a configurator, both called impact_stack.

Where another distro is installed as well, `OTEL_PYTHON_DISTRO=impact_stack` and
`OTEL_PYTHON_CONFIGURATOR=impact_stack` choose ours.
"""

from __future__ import annotations

from typing import Any

from opentelemetry import trace
from opentelemetry.instrumentation.distro import BaseDistro  # type: ignore[attr-defined]

from .auto import tracer_provider


class Distro(BaseDistro):  # type: ignore[misc]
    """Changes nothing: what there is to say is said to the provider."""

    def _configure(self, **kwargs: Any) -> None:
        """Leave the environment to the configurator."""


class Configurator:
    """Makes our provider the process's own."""

    def configure(self, **_: Any) -> None:
        """Set it; meters and loggers stay whose they are."""
        trace.set_tracer_provider(tracer_provider())
