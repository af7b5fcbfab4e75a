"""What tracing adds to a call of requests, beside opentelemetry-instrumentation-requests.

The session's adapter answers itself, so that the rest of requests is what is measured. Sessions are
used in turns, as in flask_requests.py: bare, traced by us, and traced officially.
"""

import gc
import statistics
import time

import official
import requests
from opentelemetry.instrumentation.requests import RequestsInstrumentor as OfficialInstrumentor

from impact_stack.observability.tracing.provider import TracerProvider
from impact_stack.observability.tracing.requests import RequestsInstrumentor

CALLS = 200
ROUNDS = 60
URL = "http://stock.example:8080/items/17?size=xl"


class Answering(requests.adapters.BaseAdapter):
    """An adapter that answers itself."""

    def send(self, request, **kwargs):
        """Answer."""
        del kwargs
        response = requests.Response()
        response.status_code = 200
        response.request = request
        response.url = request.url
        response._content = b"{}"
        return response

    def close(self):
        """Close nothing."""


def make_session():
    """Return a session that reads nothing of the environment."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", Answering())
    return session


def round_of(send):
    """Return the microseconds that a call took, on average."""
    original = requests.Session.send
    requests.Session.send = send
    session = make_session()
    try:
        start = time.perf_counter_ns()
        for _ in range(CALLS):
            session.get(URL)
        return (time.perf_counter_ns() - start) / CALLS / 1000
    finally:
        requests.Session.send = original


def traced_send(instrumentor, provider):
    """Return what the instrumentor makes of Session.send."""
    instrumentor.instrument(tracer_provider=provider)
    send = requests.Session.send
    instrumentor.uninstrument()
    return send


def measure(sides):
    """Return the typical microseconds of each side, in alternating rounds."""
    taken = [[] for _ in sides]
    gc.disable()
    for _ in range(ROUNDS):
        for (send, provider), rounds in zip(sides, taken):
            rounds.append(round_of(send))
            if provider is not None and not provider.force_flush(10000):
                raise RuntimeError("a round was not exported")
        gc.collect()
    gc.enable()
    return [statistics.median(rounds) for rounds in taken]


def main():
    """Print the figures."""
    sdk, sink = official.make_provider()
    ours = TracerProvider(exporters=("discard",))
    bare_us, our_us, official_us = measure(
        [
            (requests.Session.send, None),
            (traced_send(RequestsInstrumentor(), ours), ours),
            (traced_send(OfficialInstrumentor(), sdk), sdk),
        ]
    )
    if ours.stats()["exported"] != CALLS * ROUNDS or sink.count != CALLS * ROUNDS:
        raise RuntimeError("the two sides did not export the same")
    print(f"figure requests_call_bare_us {bare_us:.1f} us")
    print(f"figure requests_call_us {our_us:.1f} us")
    print(f"figure requests_call_sdk_us {official_us:.1f} us")
    ratio = (our_us - bare_us) / (official_us - bare_us)
    print(f"figure requests_call_overhead_ratio {ratio:.3f} x")
    sdk.shutdown()
    ours.shutdown()


if __name__ == "__main__":
    main()
