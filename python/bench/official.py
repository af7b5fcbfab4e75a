"""The official side of the comparisons: opentelemetry-sdk with an exporter that counts.

It is to the SDK what the exporter "discard" is to ours.
"""

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult


class CountingExporter(SpanExporter):
    """Takes every span."""

    count = 0

    def export(self, spans):
        """Take the spans."""
        self.count += len(spans)
        return SpanExportResult.SUCCESS


def make_provider():
    """Return a provider, and the exporter that its spans go to in batches."""
    exporter = CountingExporter()
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider, exporter
