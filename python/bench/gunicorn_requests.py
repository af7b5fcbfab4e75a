"""What tracing leaves of a gunicorn worker's requests a second: wrk over loopback, in turns.

One worker with threads serves one route: bare, traced by us, and traced officially. Each side is a
server of its own; all three run the whole time, and one at a time is asked. Afterwards each must
have a span for every answer that wrk counted.
"""

import contextlib
import os
import re
import socket
import statistics
import subprocess
import sys
import urllib.request
from pathlib import Path

import flask

ROUNDS = 5
SECONDS = 2
SIDES = ("bare", "ours", "official")


def make_app():
    """Return the app that BENCH_SIDE names. gunicorn calls this."""
    app = flask.Flask("bench")
    app.add_url_rule("/user/<int:number>", "user", lambda number: f"user {number}")
    spans = {"bare": lambda app: lambda: 0, "ours": trace_by_us, "official": trace_officially}
    count = spans[os.environ["BENCH_SIDE"]](app)
    app.add_url_rule("/spans", "spans", lambda: str(count()))
    return app


def trace_by_us(app):
    """Trace it; return what counts its spans."""
    from impact_stack.observability.tracing.flask import FlaskInstrumentor
    from impact_stack.observability.tracing.provider import TracerProvider

    provider = TracerProvider(exporters=("discard",))
    FlaskInstrumentor.instrument_app(app, tracer_provider=provider, excluded_urls="/spans")
    return lambda: provider.stats()["ended"]


def trace_officially(app):
    """Trace it as opentelemetry's own packages do; return what counts its spans."""
    import official
    from opentelemetry.instrumentation.flask import FlaskInstrumentor

    provider, exporter = official.make_provider()
    FlaskInstrumentor.instrument_app(app, tracer_provider=provider, excluded_urls="/spans")

    def count():
        provider.force_flush()
        return exporter.count

    return count


@contextlib.contextmanager
def serving(side):
    """Run a server; give its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        descriptor = listener.fileno()
        command = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{descriptor}"]
        command += ["--worker-class", "gthread", "--threads", "4", "--log-level", "error"]
        server = subprocess.Popen(
            [*command, f"{Path(__file__).stem}:make_app()"],
            cwd=Path(__file__).parent,
            env={**os.environ, "BENCH_SIDE": side},
            pass_fds=(descriptor,),
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def spans_at(url):
    """Return how many spans a server has made."""
    with urllib.request.urlopen(f"{url}/spans", timeout=60) as answer:
        return int(answer.read())


def ask(url):
    """Return the requests a second of one round, and how many were answered."""
    command = ["wrk", "-t1", "-c4", f"-d{SECONDS}s", f"{url}/user/17"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(told)
    return (
        float(re.search(r"Requests/sec:\s*([\d.]+)", told)[1]),
        int(re.search(r"(\d+) requests in", told)[1]),
    )


def measure(urls):
    """Return the median requests a second of each side, in alternating rounds."""
    rates = {side: [] for side in urls}
    answered = dict.fromkeys(urls, 0)
    for _ in range(ROUNDS):
        for side, url in urls.items():
            rate, count = ask(url)
            rates[side].append(rate)
            answered[side] += count
    for side in ("ours", "official"):
        if spans_at(urls[side]) < answered[side]:
            raise RuntimeError(f"{side}: a request has no span")
    return {side: statistics.median(rate) for side, rate in rates.items()}


def main():
    """Print the figures."""
    with contextlib.ExitStack() as stack:
        urls = {side: stack.enter_context(serving(side)) for side in SIDES}
        for url in urls.values():
            spans_at(url)
        rates = measure(urls)
    print(f"figure gunicorn_bare_rps {rates['bare']:.0f} /s")
    print(f"figure gunicorn_rps_ratio {rates['ours'] / rates['bare']:.3f} x")
    print(f"figure gunicorn_sdk_rps_ratio {rates['official'] / rates['bare']:.3f} x")


if __name__ == "__main__":
    main()
