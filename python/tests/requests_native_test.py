"""The native instrumentor of requests makes the spans of opentelemetry-instrumentation-requests.

Each request is sent twice to a server on the loopback interface, once traced by each; the spans,
and what the server was sent, are compared.
"""

import functools
import http.server
import json
import threading

import pytest
import requests
from opentelemetry import baggage, trace
from opentelemetry import context as context_api
from opentelemetry.instrumentation.requests import RequestsInstrumentor as ContribInstrumentor
from opentelemetry.instrumentation.utils import (
    suppress_http_instrumentation,
    suppress_instrumentation,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from span_comparison import MODES, points_of, spans_of, use_conventions

from impact_stack.observability.tracing.provider import TracerProvider
from impact_stack.observability.tracing.requests import RequestsInstrumentor

INSTRUMENTORS = [ContribInstrumentor, RequestsInstrumentor]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the status that the path begins with, and the headers that it was sent."""

    def answer(self):
        """Answer any method."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.dumps(dict(self.headers.items())).encode()
        self.send_response(int(self.path[1:4]))
        self.send_header("Location", "/200")
        self.send_header("X-Answer", "42")
        self.send_header("Set-Cookie", "session=secret")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_BREW = answer

    def log_message(self, *arguments):
        """Log nothing."""


@pytest.fixture(name="url", scope="module")
def fixture_url():
    """Return the URL of a server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def leave_requests_alone():
    """Take back what somebody instrumented."""
    for instrumentor in INSTRUMENTORS:
        if instrumentor().is_instrumented_by_opentelemetry:
            instrumentor().uninstrument()


@pytest.fixture(autouse=True)
def fixture_environment(monkeypatch):
    """Ask for headers, hide some, and exclude some URLs."""
    prefix = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_"
    monkeypatch.setenv(prefix + "CLIENT_REQUEST", "X-Asked,x-session.*")
    monkeypatch.setenv(prefix + "CLIENT_RESPONSE", "x-.*,set-cookie")
    monkeypatch.setenv(prefix + "SANITIZE_FIELDS", ".*session.*,set-cookie")
    use_conventions(monkeypatch, "")
    leave_requests_alone()
    token = context_api.attach(context_api.Context())
    yield
    context_api.detach(token)
    leave_requests_alone()


REFUSED = "http://127.0.0.1:1/200"

# Arguments of requests.request, by name; the URL of the server is put before a path.
REQUESTS = {
    "get": {"url": "/200"},
    "a query": {"url": "/200?a=1&b=%20"},
    "secrets in a query": {"url": "/200?sig=secret&a=b&AWSAccessKeyId=x"},
    "a user": {"url": "http://user:secret@{host}/200"},
    "a fragment": {"url": "/200#there"},
    "not ascii": {"url": "/200/ümlaut"},
    "post": {"url": "/201", "method": "POST", "data": b"body"},
    "put": {"url": "/204", "method": "PUT"},
    "delete": {"url": "/200", "method": "DELETE"},
    "head": {"url": "/200", "method": "HEAD"},
    "options": {"url": "/200", "method": "OPTIONS"},
    "small letters": {"url": "/200", "method": "post"},
    "an unknown method": {"url": "/200", "method": "BREW"},
    "moved": {"url": "/302"},
    "moved and not followed": {"url": "/302", "allow_redirects": False},
    "status 304": {"url": "/304"},
    "status 400": {"url": "/400"},
    "status 404": {"url": "/404"},
    "status 499": {"url": "/499"},
    "status 500": {"url": "/500"},
    "status 599": {"url": "/599"},
    "status 700": {"url": "/700"},
    "refused": {"url": REFUSED},
    "no such name": {"url": "http://nowhere.invalid/200"},
    "another scheme": {"url": "gopher://127.0.0.1/200"},
    "no url": {"url": "http://"},
    "an odd port": {"url": "http://127.0.0.1:port/200"},
    "captured headers": {"url": "/200", "headers": {"X-Asked": "1", "X-Session": "2", "X-No": "3"}},
    "an agent": {"url": "/200", "headers": {"User-Agent": "Mozilla/5.0"}},
    "an agent as bytes": {"url": "/200", "headers": {"User-Agent": b"Mozilla/5.0"}},
    "no agent": {"url": "/200", "headers": {"User-Agent": None}},
    "a bot": {"url": "/200", "headers": {"User-Agent": "Googlebot/2.1"}},
    "a test": {"url": "/200", "headers": {"User-Agent": "AlwaysOn"}},
    "a parent of its own": {"url": "/200", "headers": {"traceparent": "mine"}},
    "excluded": {"url": "/200/health"},
}


def sent(url, request):
    """Send a request; return what came of it, without ids."""
    arguments = {"method": "GET", **request}
    target = arguments["url"].replace("{host}", url.removeprefix("http://"))
    arguments["url"] = url + target if target.startswith("/") else target
    try:
        response = requests.request(timeout=60, **arguments)
    except Exception as error:  # pylint: disable=broad-exception-caught
        return type(error)
    headers = response.json() if response.content else {}
    return response.status_code, {
        name: value[:3] if name == "traceparent" else value for name, value in headers.items()
    }


def without_addresses(spans):
    """Return spans whose text names no object's address."""
    for span in spans:
        span["status"] = (span["status"][0], span["status"][1].partition("0x")[0])
        for _, attributes in span["events"]:
            attributes["exception.message"] = attributes["exception.message"].partition("0x")[0]
    return spans


def traced(instrumentor, url, request, send=sent, **arguments):
    """Return what came of a request that is traced so, and its spans."""
    provider = TracerProvider(exporters=("memory",))
    instrumentor().instrument(tracer_provider=provider, **arguments)
    before = context_api.get_current()
    try:
        return send(url, request), without_addresses(spans_of(provider))
    finally:
        instrumentor().uninstrument()
        assert context_api.get_current() is before


def assert_equal(url, request, **arguments):
    """Compare the two; return the spans."""
    theirs = traced(ContribInstrumentor, url, request, **arguments)
    ours = traced(RequestsInstrumentor, url, request, **arguments)
    assert ours == theirs
    return ours[1]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", REQUESTS)
def test_a_requests_span_is_contribs(monkeypatch, url, name, mode):
    """Name, kind, attributes, status, events; and what the server is sent."""
    use_conventions(monkeypatch, mode)
    spans = assert_equal(url, REQUESTS[name], excluded_urls="/health")
    assert bool(spans) is (name not in ("excluded", "no url", "an odd port"))


def in_a_span(function, **context):
    """Return a function that is called in a span, and in a Context with more."""

    @functools.wraps(function)
    def call(url, request):
        tracer = SdkTracerProvider().get_tracer("t")
        outer = context_api.get_current()
        for name, value in context.items():
            outer = baggage.set_baggage(name, value, outer)
        token = context_api.attach(outer)
        try:
            with tracer.start_as_current_span("outer"):
                return function(url, request)
        finally:
            context_api.detach(token)

    return call


def test_the_server_is_told_of_the_span(url):
    """Not of the one around it."""
    provider = TracerProvider(exporters=("memory",))
    RequestsInstrumentor().instrument(tracer_provider=provider)
    with provider.get_tracer("t").start_as_current_span("outer") as outer:
        told = requests.get(f"{url}/200", timeout=60).json()["traceparent"].split("-")
    assert told[1] == f"{outer.get_span_context().trace_id:032x}"
    assert told[2] != f"{outer.get_span_context().span_id:016x}"
    assert told[0] == "00" and told[3] == "03"
    assert [span["has parent"] for span in spans_of(provider)] == [True, False]


@pytest.mark.parametrize("words", [{}, {"user": "17", "x": "ä b"}])
def test_baggage_is_sent_as_contrib_does(url, words):
    """With the span's own header."""
    (span,) = assert_equal(url, {"url": "/200"}, send=in_a_span(sent, **words))
    assert span["has parent"]


def test_a_trace_state_is_sent(url):
    """As it came."""
    state = trace.TraceState.from_header(["a=1,b=2"])
    parent = trace.SpanContext(7, 9, True, trace.TraceFlags(1), state)
    token = context_api.attach(trace.set_span_in_context(trace.NonRecordingSpan(parent)))
    assert_equal(url, {"url": "/200"})
    told = traced(RequestsInstrumentor, url, {"url": "/200"})[0][1]
    context_api.detach(token)
    assert told["tracestate"] == "a=1,b=2"


@pytest.mark.parametrize("suppress", [suppress_http_instrumentation, suppress_instrumentation])
@pytest.mark.parametrize("instrumentor", INSTRUMENTORS)
def test_a_suppressed_request_has_no_span(url, instrumentor, suppress):
    """Whoever asks for it."""

    def send(url, request):
        with suppress():
            return sent(url, request)

    answer, spans = traced(instrumentor, url, {"url": "/200"}, send=send)
    assert answer[0] == 200 and "traceparent" not in answer[1]
    assert spans == []


def test_two_instrumentors_make_one_span(url):
    """The outer one suppresses the inner one."""
    provider = TracerProvider(exporters=("memory",))
    ContribInstrumentor().instrument(tracer_provider=provider)
    requests.Session.send.__dict__.pop("opentelemetry_instrumentation_requests_applied")
    RequestsInstrumentor().instrument(tracer_provider=provider)
    assert sent(url, {"url": "/200"})[0] == 200
    RequestsInstrumentor().uninstrument()
    requests.Session.send.opentelemetry_instrumentation_requests_applied = True
    assert len(spans_of(provider)) == 1


@pytest.mark.parametrize("name", ["get", "status 500", "refused", "moved"])
def test_hooks_are_called_as_contribs(url, name):
    """With the same spans, requests and responses."""
    found = []
    for instrumentor in INSTRUMENTORS:
        calls = []

        def request_hook(span, request, calls=calls):
            span.update_name("hooked")
            request.headers["X-Hook"] = "1"
            calls.append((trace.get_current_span() is span, request.url))

        def response_hook(span, request, response, calls=calls):
            span.set_attribute("hook.status", response.status_code)
            calls.append((trace.get_current_span() is span, request.url, response.url))

        hooks = {"request_hook": request_hook, "response_hook": response_hook}
        found.append((traced(instrumentor, url, REQUESTS[name], **hooks), calls))
    assert found[1] == found[0]
    assert found[1][0][1][0]["name"] == "hooked"


def test_a_hook_that_fails_fails_no_request(url, caplog):
    """It is logged."""

    def hook(*arguments):
        raise KeyError(arguments)

    answer, spans = traced(
        RequestsInstrumentor, url, {"url": "/200"}, request_hook=hook, response_hook=hook
    )
    assert answer[0] == 200 and len(spans) == 1
    assert caplog.messages.count("A hook of the instrumentation failed") == 2


def test_what_is_no_exception_is_not_recorded(monkeypatch, url):
    """Ctrl-C leaves the span without an error."""

    def interrupted(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", interrupted)
    found = []
    for instrumentor in INSTRUMENTORS:
        provider = TracerProvider(exporters=("memory",))
        instrumentor().instrument(tracer_provider=provider)
        with pytest.raises(KeyboardInterrupt):
            requests.get(f"{url}/200", timeout=60)
        instrumentor().uninstrument()
        found.append(spans_of(provider))
    assert found[0] == found[1]
    assert found[1][0]["status"] == (0, "")


def test_requests_is_instrumented_once_and_can_be_left_alone_again(url, caplog):
    """All of it, or one session."""
    provider = TracerProvider(exporters=("memory",))
    original = requests.Session.send
    instrumentor = RequestsInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    instrumentor.instrument(tracer_provider=provider)
    session = requests.Session()
    RequestsInstrumentor.uninstrument_session(session)
    session.get(f"{url}/200", timeout=60)
    session.close()
    assert spans_of(provider) == []
    assert sent(url, {"url": "/200"})[0] == 200
    assert len(spans_of(provider)) == 1
    instrumentor.uninstrument()
    instrumentor.uninstrument()
    assert requests.Session.send is original
    assert caplog.messages[0] == "requests is instrumented already"
    assert caplog.messages[-1] == "requests is not instrumented"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["get", "post", "status 500", "refused", "an unknown method"])
def test_metrics_are_contribs(monkeypatch, url, name, mode):
    """Where there is a meter provider."""
    use_conventions(monkeypatch, mode)
    found = []
    for instrumentor in INSTRUMENTORS:
        reader = InMemoryMetricReader()
        provider = MeterProvider([reader])
        traced(instrumentor, url, REQUESTS[name], meter_provider=provider)
        found.append(points_of(reader))
        provider.shutdown()
    assert found[1] == found[0] != []
