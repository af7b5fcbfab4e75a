"""What produces the spans: resource attributes, and the detectors that find them."""

import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from .. import logger


class Resource:
    """Attributes of a service, in the shape of `opentelemetry.sdk.resources.Resource`."""

    def __init__(self, attributes: Mapping[str, Any], schema_url: str = "") -> None:
        self.attributes = MappingProxyType(dict(attributes))
        self.schema_url = schema_url

    def __repr__(self) -> str:
        return f"Resource({dict(self.attributes)!r})"


class PlatformResourceDetector:
    """Detect the interpreter, the process and the host."""

    def __init__(self, raise_on_error: bool = False) -> None:
        self.raise_on_error = raise_on_error

    def detect(self) -> Resource:
        """Return a resource with `python.version`, `process.pid` and `host.name`."""
        import platform  # pylint: disable=import-outside-toplevel; it takes time

        return Resource(
            {
                "python.version": platform.python_version(),
                "process.pid": os.getpid(),
                "host.name": os.uname().nodename,
            }
        )


def detect_attributes(detectors: Iterable[Any] | None) -> dict[str, Any]:
    """Return what the detectors find; the later ones win. One that fails is left out.

    What the environment says wins over them, as in opentelemetry-sdk, whose detectors serve as
    well: all that is asked for is `detect().attributes`.
    """
    attributes: dict[str, Any] = {}
    said_already = _keys_of_environment()
    for detector in detectors or [PlatformResourceDetector()]:
        try:
            found = detector.detect().attributes
            attributes.update({k: v for k, v in found.items() if k not in said_already})
        except Exception:  # pylint: disable=broad-exception-caught
            if getattr(detector, "raise_on_error", False):
                raise
            logger.exception("Resource detector %s failed", type(detector).__name__)
    return attributes


def _keys_of_environment() -> set[str]:
    """Return the keys of `OTEL_RESOURCE_ATTRIBUTES`, whose values the core reads."""
    from urllib.parse import unquote  # pylint: disable=import-outside-toplevel; it takes time

    pairs = os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(",")
    keys = {unquote(pair.partition("=")[0].strip()) for pair in pairs if "=" in pair}
    return keys | ({"service.name"} if os.environ.get("OTEL_SERVICE_NAME") else set())
