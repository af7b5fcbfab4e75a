"""What the tracing of this process says of itself: OpenTelemetry's own metrics of the SDK."""

from __future__ import annotations

from typing import Literal, NamedTuple

from .. import _core


class MetricPoint(NamedTuple):
    """A metric's value for these attributes, by the names of the semantic conventions."""

    name: str  # "otel.sdk.span.started"
    kind: Literal["counter", "up_down_counter", "histogram"]
    unit: str  # "{span}", "s"
    description: str
    attributes: dict[str, str | int]
    value: int  # of a histogram: how many observations there were
    sum: float  # of them; of a histogram only


def sdk_metrics() -> list[MetricPoint]:
    """Return the metrics `otel.sdk.*` of all tracer providers of the process, as they are now.

    The points of a metric stand in a row. Without a provider there are none. Of the exporters those
    of the core are shown; `TracerProvider.stats()` counts for those in Python too.
    """
    return [MetricPoint(*point) for point in _core.sdk_metrics()]
