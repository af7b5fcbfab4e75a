"""Options of the OTLP exporter, under the names of opentelemetry-exporter-otlp-proto-http."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

# Milliseconds: 0 is "not set" to the core, and the largest number is 0 (<impact/options.h>).
_ZERO = 2**32 - 1

_NAMES = (
    "endpoint",
    "headers",
    "timeout",
    "certificate_file",
    "client_certificate_file",
    "client_key_file",
    "protocol",
    "compression",
)


def otlp_arguments(options: Mapping[str, Any] | None) -> tuple[Any, ...] | None:
    """Return what the core takes; a name that is not known is a TypeError.

    `endpoint` is the whole URL, `headers` a mapping, `timeout` seconds (0: no limit), `protocol`
    "http/protobuf", "http/json" or "grpc", `compression` "none" or "gzip" (or a member of the enum
    of opentelemetry-exporter-otlp-proto-http); the rest are paths of PEM files. What is absent or
    None is read from `OTEL_EXPORTER_OTLP_*`.
    """
    if options is None:
        return None
    if not isinstance(options, Mapping):
        kind = type(options).__name__
        raise TypeError(f"the options of the exporter otlp are of type {kind}, not a mapping")
    for name in options:
        if name not in _NAMES:
            raise TypeError(f"{name!r} is no option of the exporter otlp: {', '.join(_NAMES)}")
    endpoint, headers, timeout, *files, protocol, compression = map(options.get, _NAMES)
    certificate, client_certificate, client_key = (
        None if file is None else os.fspath(file) for file in files
    )
    if not isinstance(headers, Mapping | None):
        raise TypeError(f"the headers of the exporter otlp are {headers!r}, not a mapping")
    return (
        endpoint,
        None if headers is None else tuple((str(k), str(v)) for k, v in headers.items()),
        _milliseconds(timeout),
        certificate,
        client_certificate,
        client_key,
        protocol,
        getattr(compression, "value", compression),
    )


def _milliseconds(timeout: float | None) -> int:
    if timeout is None:
        return 0
    if not isinstance(timeout, (int, float)):
        raise TypeError(f"the timeout of the exporter otlp is {timeout!r}, not a number of seconds")
    if not 0 <= timeout < 2**31 / 1000:
        raise ValueError("the timeout of the exporter otlp is out of range")
    return max(int(timeout * 1000), 1) if timeout else _ZERO
