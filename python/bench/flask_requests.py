"""What tracing adds to a request to a Flask app, and who pays it.

One route is called as a server calls it, in turns: bare, traced by us (the native instrumentor and
our provider), and traced officially (opentelemetry-instrumentation-flask and opentelemetry-sdk).
Both queue their spans for a worker and are flushed between the rounds, outside the measured time; a
round is shorter than a batch, so that neither worker runs while the clock does. Every span must
have been exported.
"""

import gc
import statistics
import time

import flask
import official
from opentelemetry.instrumentation.flask import FlaskInstrumentor as OfficialInstrumentor
from werkzeug.test import EnvironBuilder

from impact_stack.observability.tracing.flask import FlaskInstrumentor
from impact_stack.observability.tracing.provider import TracerProvider

REQUESTS = 200
ROUNDS = 60


def make_app():
    """Return an app with one route."""
    app = flask.Flask("bench")
    app.add_url_rule("/user/<int:number>", "user", lambda number: f"user {number}")
    return app


def start_response(status, headers, exc_info=None):
    """Take the answer's head, as a server does."""
    del status, headers, exc_info


def call(app, environ):
    """Send one request."""
    body = app.wsgi_app(environ, start_response)
    for _ in body:
        pass
    body.close()


def seconds_of(app):
    """Return how long each request of a round took."""
    template = EnvironBuilder(path="/user/17", headers={"User-Agent": "bench"}).get_environ()
    template.update(REMOTE_ADDR="127.0.0.1", REMOTE_PORT="5000", RAW_URI="/user/17")
    environs = [dict(template) for _ in range(REQUESTS)]
    taken = []
    for environ in environs:
        start = time.perf_counter_ns()
        call(app, environ)
        taken.append(time.perf_counter_ns() - start)
    return taken


def measure(apps):
    """Return the microseconds of each request for each app, in alternating rounds."""
    taken = [[] for _ in apps]
    gc.disable()
    for _ in range(ROUNDS):
        for (app, provider), all_of_it in zip(apps, taken):
            all_of_it.append(seconds_of(app))
            if provider is not None and not provider.force_flush(10000):
                raise RuntimeError("a round was not exported")
        gc.collect()
    gc.enable()
    return [[[ns / 1000 for ns in one] for one in rounds] for rounds in taken]


def percentile(rounds, share):
    """Return that share's point of all that was measured."""
    values = sorted(value for one in rounds for value in one)
    return values[int(len(values) * share)]


def typical(rounds):
    """Return the median of the rounds' means: rounds that were disturbed do not count."""
    return statistics.median(statistics.fmean(one) for one in rounds)


def main():
    """Print the figures."""
    sdk, sink = official.make_provider()
    ours = TracerProvider(exporters=("discard",))
    bare, traced, theirs = make_app(), make_app(), make_app()
    FlaskInstrumentor.instrument_app(traced, tracer_provider=ours)
    OfficialInstrumentor.instrument_app(theirs, tracer_provider=sdk)
    rounds = measure([(bare, None), (traced, ours), (theirs, sdk)])
    if ours.stats()["exported"] != REQUESTS * ROUNDS or sink.count != REQUESTS * ROUNDS:
        raise RuntimeError("the two sides did not export the same")
    bare_us, our_us, official_us = (typical(one) for one in rounds)
    bare_p99, our_p99, official_p99 = (percentile(one, 0.99) for one in rounds)
    print(f"figure flask_request_bare_us {bare_us:.1f} us")
    print(f"figure flask_request_us {our_us:.1f} us")
    print(f"figure flask_request_sdk_us {official_us:.1f} us")
    overhead_ratio = (our_us - bare_us) / (official_us - bare_us)
    print(f"figure flask_overhead_ratio {overhead_ratio:.3f} x")
    print(f"figure flask_p99_ratio {our_p99 / bare_p99:.2f} x")
    print(f"figure flask_sdk_p99_ratio {official_p99 / bare_p99:.2f} x")
    sdk.shutdown()
    ours.shutdown()


if __name__ == "__main__":
    main()
