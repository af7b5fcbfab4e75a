"""The spans of run.py with opentelemetry-python; with `ours`, with impact behind the same API."""

import gc
import os
import sys
import time

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider, sampling
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

WORDS = ("one", "two", "thr", "fou", "fiv", "six", "sev", "eig", "nin", "ten")
TEN = {
    f"attribute.number.{word}": f"text.of.attribute.{number:02}"
    for number, word in enumerate(WORDS, 1)
}


class Nothing(SpanExporter):
    """Counts the spans, and does no more with them."""

    exported = 0

    def export(self, spans):
        """Take a batch."""
        self.exported += len(spans)
        return SpanExportResult.SUCCESS


class Sdk:
    """opentelemetry-python."""

    def __init__(self):
        self.exporter = Nothing()
        self.provider = TracerProvider(sampler=sampling.ALWAYS_ON)
        self.provider.add_span_processor(BatchSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer("peer")
        self.unsampled = TracerProvider(sampler=sampling.ALWAYS_OFF).get_tracer("peer")
        self.none = trace.get_tracer("peer")  # no provider is set

    def exported(self):
        """The number of spans that the exporter was given."""
        return self.exporter.exported


class Ours:
    """impact behind opentelemetry-api. Without a provider there is nothing of ours to measure."""

    def __init__(self):
        from impact_stack.observability.tracing.provider import TracerProvider as OurProvider

        self.provider = OurProvider(exporters=("discard",))
        self.tracer = self.provider.get_tracer("peer")
        os.environ["OTEL_TRACES_SAMPLER"] = "always_off"
        self.unsampled = OurProvider(exporters=("discard",)).get_tracer("peer")
        self.none = None

    def exported(self):
        """The number of spans that the exporter was given."""
        return self.provider.stats()["exported"]


def start_end(tracer, count):
    for _ in range(count):
        tracer.start_span("checkout").end()


def three_attributes(tracer, count):
    for i in range(count):
        span = tracer.start_span("checkout")
        span.set_attribute("cart.items", i)
        span.set_attribute("user.tier", "gold")
        span.set_attribute("cart.is_gift", True)
        span.end()


def spec(tracer, count):
    for i in range(count):
        span = tracer.start_span("checkout")
        span.set_attribute("cart.items", i)
        span.add_event("paid")
        span.end()


def ten_attributes(tracer, count):
    for _ in range(count):
        span = tracer.start_span("checkout")
        span.set_attributes(TEN)
        span.end()


def answer(works, side, words):
    """One line: the nanoseconds of a span, for each batch."""
    tracer, work = works.get(words[0], (None, None))
    batches, count = int(words[1]), int(words[2])
    if tracer is None:
        return ""
    took = []
    for _ in range(batches):
        start = time.perf_counter_ns()
        work(tracer, count)
        took.append((time.perf_counter_ns() - start) / count)
        if not side.provider.force_flush(10000):
            raise RuntimeError("a batch was not exported")
    return " ".join(f"{value:.2f}" for value in took)


def main():
    side = Ours() if sys.argv[1:] == ["ours"] else Sdk()
    works = {
        "start_end": (side.tracer, start_end),
        "three_attributes": (side.tracer, three_attributes),
        "spec": (side.tracer, spec),
        "ten_attributes": (side.tracer, ten_attributes),
        "unsampled": (side.unsampled, start_end),
        "no_provider": (side.none, start_end),
    }
    gc.disable()
    for line in sys.stdin:
        words = line.split()
        exported = words == ["exported"]
        print(side.exported() if exported else answer(works, side, words), flush=True)


if __name__ == "__main__":
    main()
