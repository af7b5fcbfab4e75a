"""What a span costs: ended into a provider whose exporter keeps nothing.

Both sides are used through opentelemetry-api, by the same function, in the same process, in turns.
Both queue their spans for a worker and are flushed between the rounds, outside the measured time. A
round is shorter than a batch (512 spans), so that neither worker runs while the clock does: what is
measured is the work of the thread that makes the spans. Every span of every round must have been
exported.
"""

import gc
import time

import official

from impact_stack.observability.tracing.provider import TracerProvider

SPANS = 500
ROUNDS = 60


def three_attributes(tracer):
    """Start a span with three attributes, and end it."""
    start_span = tracer.start_span
    for i in range(SPANS):
        span = start_span(
            "checkout", attributes={"http.method": "GET", "cart.items": i, "cart.paid": True}
        )
        span.end()


def ten_attributes(tracer):
    """The same with ten, of every plain type."""
    start_span = tracer.start_span
    for i in range(SPANS):
        span = start_span(
            "checkout",
            attributes={
                "http.method": "GET",
                "http.scheme": "https",
                "http.host": "shop.example",
                "http.target": "/cart/17",
                "http.user_agent": "Mozilla/5.0 (X11; Linux x86_64)",
                "http.status_code": 200,
                "net.host.port": 443,
                "cart.items": i,
                "cart.total": 17.5,
                "cart.paid": True,
            },
        )
        span.end()


def current(tracer):
    """Run blocks that have a current span."""
    start_as_current_span = tracer.start_as_current_span
    for _ in range(SPANS):
        with start_as_current_span("checkout"):
            pass


def make_spans(make, tracer):
    """Make one round of spans, and return the nanoseconds that one took."""
    start = time.perf_counter_ns()
    make(tracer)
    return (time.perf_counter_ns() - start) / SPANS


def measure(make, providers):
    """Return the cost of a span for each provider: its best round, as a busy machine only adds."""
    costs = {provider: [] for provider in providers}
    gc.disable()
    for _ in range(ROUNDS):
        for provider in providers:
            costs[provider].append(make_spans(make, provider.get_tracer("bench", "1")))
            if not provider.force_flush(10000):
                raise RuntimeError("a round was not exported")
    gc.enable()
    return [min(costs[provider]) for provider in providers]


def main():
    """Print the figures."""
    sdk, sink = official.make_provider()
    ours = TracerProvider(exporters=("discard",))
    our_ns, sdk_ns = measure(three_attributes, [ours, sdk])
    our_10_ns, sdk_10_ns = measure(ten_attributes, [ours, sdk])
    our_current_ns, sdk_current_ns = measure(current, [ours, sdk])
    if ours.stats()["exported"] != 3 * SPANS * ROUNDS or sink.count != 3 * SPANS * ROUNDS:
        raise RuntimeError("the two sides did not export the same")
    print(f"figure python_span_ns {our_ns:.0f} ns")
    print(f"figure python_sdk_span_ns {sdk_ns:.0f} ns")
    print(f"figure python_span_10attr_ns {our_10_ns:.0f} ns")
    print(f"figure python_sdk_span_10attr_ns {sdk_10_ns:.0f} ns")
    print(f"figure python_current_span_us {our_current_ns / 1000:.2f} us")
    print(f"figure python_sdk_current_span_us {sdk_current_ns / 1000:.2f} us")
    sdk.shutdown()
    ours.shutdown()


if __name__ == "__main__":
    main()
