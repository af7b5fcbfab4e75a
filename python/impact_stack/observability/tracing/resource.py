"""What produces the spans: resource attributes, and the detectors that find them."""

import os
import platform
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
        return Resource(
            {
                "python.version": platform.python_version(),
                "process.pid": os.getpid(),
                "host.name": os.uname().nodename,
            }
        )


def detect_attributes(detectors: Iterable[Any] | None) -> dict[str, Any]:
    """Return what the detectors find; the later ones win. One that fails is left out.

    Detectors written for opentelemetry-sdk serve as well: all that is asked for is
    `detect().attributes`.
    """
    attributes: dict[str, Any] = {}
    for detector in detectors or [PlatformResourceDetector()]:
        try:
            attributes.update(detector.detect().attributes)
        except Exception:  # pylint: disable=broad-exception-caught
            if getattr(detector, "raise_on_error", False):
                raise
            logger.exception("Resource detector %s failed", type(detector).__name__)
    return attributes
