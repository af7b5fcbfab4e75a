"""Exporters by name: those of the core, and those that other packages offer as entry points."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from .. import logger

Provider = TypeVar("Provider")

VARIABLE = "OTEL_TRACES_EXPORTER"
GROUP = "opentelemetry_traces_exporter"

# The names that opentelemetry-sdk knows, and what the core has in their place.
_CORE_NAMES = {
    "otlp": "otlp",
    "otlp_proto_http": "otlp",
    "otlp_proto_grpc": "otlp_proto_grpc",
    "otlp/stdout": "otlp/stdout",
    "otlp_file": "otlp_file",
    "zipkin": "zipkin",
    "zipkin_json": "zipkin",
    "console": "console",
    "tree": "tree",
    "memory": "memory",
    "discard": "discard",
}

ABSENT = "absent"
"""Takes no span: it stands for an exporter that could not be opened."""


class Exporters(NamedTuple):
    """Names that the core takes, and exporters in Python."""

    core: tuple[str, ...]
    python: tuple[Any, ...]


def exporters_of_environment(otherwise: str = "") -> Exporters:
    """Return those of `OTEL_TRACES_EXPORTER`; an unknown one is logged, and its spans are lost.

    `otherwise` is what the variable is taken for where it is unset or empty.
    """
    core: list[str] = []
    python: list[Any] = []
    for name in dict.fromkeys(_names(otherwise)):
        if name in _CORE_NAMES:
            core.append(_CORE_NAMES[name])
            continue
        exporter = _load(name)
        if exporter is None:
            core.append(ABSENT)
        else:
            python.append(exporter)
    return Exporters(tuple(dict.fromkeys(core)), tuple(python))


def _names(otherwise: str) -> list[str]:
    names = [name.strip().lower() for name in (os.environ.get(VARIABLE) or otherwise).split(",")]
    return [name for name in names if name and name != "none"]


def _load(name: str) -> Any:
    """Return an exporter of another package; None, and a line in the log, where there is none."""
    from importlib import metadata  # pylint: disable=import-outside-toplevel; few need it

    for entry_point in metadata.entry_points(group=GROUP, name=name):
        try:
            return entry_point.load()()
        except Exception:  # pylint: disable=broad-exception-caught
            logger.exception("The exporter %r of %s cannot be opened", name, VARIABLE)
            return None
    logger.error("There is no exporter %r, which %s names: its spans are lost", name, VARIABLE)
    return None


def open_leniently(
    open_with: Callable[..., Provider], names: tuple[str, ...]
) -> tuple[Provider, tuple[str, ...]]:
    """Open a provider with exporters of the core, as the environment names them.

    What is not valid there must not keep a program from starting: an exporter that cannot be opened
    is logged, and one that takes no span stands in its place.
    """
    try:
        return open_with(exporters=names), names
    except (RuntimeError, ValueError) as error:
        failed = next((name for name in names if str(error).startswith(f"{name}: ")), None)
        if failed is None:
            raise
        logger.error("An exporter of %s cannot be opened: %s", VARIABLE, error)
    return open_leniently(open_with, tuple(ABSENT if n == failed else n for n in names))
