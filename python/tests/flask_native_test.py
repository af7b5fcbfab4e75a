"""The native instrumentor of Flask makes the spans of opentelemetry-instrumentation-flask.

Each request goes to two apps that are equal but for who traces them; their spans are compared one
by one. What is different on purpose has tests of its own.
"""

import functools

import flask
import flask_app
import pytest
from opentelemetry import baggage, trace
from opentelemetry import context as context_api
from opentelemetry.instrumentation.flask import FlaskInstrumentor as ContribInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from span_comparison import MODES, answer_of, points_of, spans_of, use_conventions

from impact_stack.observability.tracing import flask as flask_module
from impact_stack.observability.tracing import repeated
from impact_stack.observability.tracing.flask import FlaskInstrumentor
from impact_stack.observability.tracing.provider import TracerProvider

# What is excluded, not sampled, or answered by a function that Flask asks before any instrumentor.
WITHOUT_A_SPAN = {
    "an unsampled parent",
    "excluded",
    "excluded by its query",
    "failed before",
    "refused before",
}
INSTRUMENTORS = [ContribInstrumentor, FlaskInstrumentor]


@pytest.fixture(autouse=True)
def fixture_environment(monkeypatch):
    """Ask for headers, hide some, and exclude some URLs."""
    prefix = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_"
    monkeypatch.setenv(prefix + "SERVER_REQUEST", "X-Asked,x-session.*,Host")
    monkeypatch.setenv(prefix + "SERVER_RESPONSE", "x-.*,set-cookie,Content-Type")
    monkeypatch.setenv(prefix + "SANITIZE_FIELDS", ".*session.*,set-cookie")
    use_conventions(monkeypatch, "")


def traced(instrumentor, request, make_app=flask_app.make_app, **arguments):
    """Return the answer of an app that is traced so, and its spans."""
    provider = TracerProvider(exporters=("memory",))
    app = make_app()
    instrumentor.instrument_app(app, tracer_provider=provider, **arguments)
    token = context_api.attach(context_api.Context())
    try:
        return answer_of(app, request), spans_of(provider)
    finally:
        context_api.detach(token)


def assert_equal(request, **arguments):
    """Compare the two; return the spans."""
    theirs = traced(ContribInstrumentor, request, **arguments)
    ours = traced(FlaskInstrumentor, request, **arguments)
    assert ours == theirs
    return ours[1]


@functools.cache
def app_in_mode(instrumentor, mode):
    """Return an app that is traced so, and its provider. It was instrumented in that mode."""
    del mode
    provider = TracerProvider(exporters=("memory",))
    app = flask_app.make_app()
    instrumentor.instrument_app(app, tracer_provider=provider, excluded_urls="/health/,secret-page")
    return app, provider


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", flask_app.REQUESTS)
def test_a_requests_spans_are_contribs(monkeypatch, name, mode):
    """Name, kind, attributes, status, events and parent; and the answer."""
    use_conventions(monkeypatch, mode)
    found = []
    for instrumentor in INSTRUMENTORS:
        app, provider = app_in_mode(instrumentor, mode)
        before = len(spans_of(provider))
        answer = answer_of(app, flask_app.REQUESTS[name])
        found.append((answer, spans_of(provider)[before:]))
    assert found[1] == found[0]
    assert bool(found[1][1]) is (name not in WITHOUT_A_SPAN)


def test_there_are_requests_of_every_kind():
    """At least eighty."""
    assert len(flask_app.REQUESTS) >= 80


class LateApp(flask.Flask):
    """An app that is completed after it was instrumented."""

    def complete(self):
        """Add what answers instead of the views."""

        @self.before_request
        def refuse():
            if flask.request.args.get("raise"):
                raise ValueError("before")
            if flask.request.args.get("abort"):
                flask.abort(401)
            return "refused", 403


@pytest.mark.parametrize("query", ["", "?raise=1", "?abort=1"])
@pytest.mark.parametrize("mode", MODES)
def test_a_request_that_is_answered_before_its_view_has_a_span(monkeypatch, mode, query):
    """Where the instrumentor came first."""
    use_conventions(monkeypatch, mode)
    found = []
    for instrumentor in INSTRUMENTORS:
        provider = TracerProvider(exporters=("memory",))
        app = LateApp("late")
        instrumentor.instrument_app(app, tracer_provider=provider)
        app.complete()
        found.append((answer_of(app, {"path": f"/{query}"}), spans_of(provider)))
    assert found[0] == found[1]
    assert len(found[1][1]) == 1


@pytest.mark.parametrize("name", ["an error", "async error", "a blueprint's error", "exit"])
def test_errors_that_escape_from_the_app_are_recorded_once(name):
    """As with PROPAGATE_EXCEPTIONS, and in debuggers: no answer was started."""

    def make_app():
        app = flask_app.make_app()
        app.config["PROPAGATE_EXCEPTIONS"] = True
        return app

    request = flask_app.REQUESTS.get(name) or {"path": "/error"}
    (span,) = assert_equal(request, make_app=make_app)
    assert len(span["events"]) == 1
    assert "http.status_code" not in span["attributes"]


def test_a_request_inside_another_span_is_internal():
    """It is not the first thing that is known of its trace here."""
    found = []
    for instrumentor in INSTRUMENTORS:
        provider = TracerProvider(exporters=("memory",))
        app = flask_app.make_app()
        instrumentor.instrument_app(app, tracer_provider=provider)
        with provider.get_tracer("t").start_as_current_span("outer"):
            before = context_api.get_current()
            with app.test_client().get("/", headers={"traceparent": flask_app.TRACEPARENT}):
                pass
            assert context_api.get_current() is before
        found.append(spans_of(provider))
    assert found[0] == found[1]
    assert [(span["kind"], span["has parent"]) for span in found[1]] == [(1, True), (1, False)]


@pytest.mark.parametrize("name", ["index", "no route", "an error", "a parent", "captured headers"])
def test_hooks_are_called_as_contribs(name):
    """With the same spans, environs, statuses and headers; and what they set stays or not."""
    found = []
    for instrumentor in INSTRUMENTORS:
        calls = []

        def request_hook(span, environ, calls=calls):
            span.update_name("hooked")
            span.set_attribute("http.method", "HOOK")
            span.set_attribute("hook", environ["PATH_INFO"])
            calls.append(trace.get_current_span().get_span_context().span_id)

        def response_hook(span, status, headers, calls=calls):
            span.set_attribute("hook.status", status)
            headers.append(("X-Hook", "1"))
            calls.append(trace.get_current_span() is span)

        request = flask_app.REQUESTS[name]
        answer, spans = traced(
            instrumentor, request, request_hook=request_hook, response_hook=response_hook
        )
        assert ("X-Hook", "1") in answer[1]
        found.append((answer, spans, calls))
    assert found[0] == found[1]
    assert found[1][1][0]["name"] == "hooked"


def test_a_hook_may_empty_the_environ():
    """Nobody else holds the exchange then, where no server called the app."""

    def empty(_, environ):
        environ.clear()

    app = flask.Flask("a")
    FlaskInstrumentor.instrument_app(app, empty, tracer_provider=TracerProvider(exporters=()))
    with app.test_request_context("/"):
        app.preprocess_request()


def test_a_hook_that_fails_fails_no_request(caplog):
    """It is logged."""

    def hook(*arguments):
        raise KeyError(arguments)

    answer, spans = traced(FlaskInstrumentor, {"path": "/"}, request_hook=hook, response_hook=hook)
    assert answer[2] == b"hello"
    assert len(spans) == 1
    assert caplog.messages == ["A hook of the instrumentation failed"] * 2


@pytest.mark.parametrize(
    "options", [{}, {"framework": False}, {"controller": False}, {"route": False}], ids=str
)
@pytest.mark.parametrize("is_enabled", [True, False])
@pytest.mark.parametrize("path", ["/words", "/nowhere"])
def test_statements_are_commented_as_contribs(is_enabled, options, path):
    """sqlcommenter finds the same words in the Context."""
    found = []
    for instrumentor in INSTRUMENTORS:
        words = []

        def look(words=words):
            words.append(context_api.get_value("SQLCOMMENTER_ORM_TAGS_AND_VALUES"))
            return "x"

        def make_app(look=look):
            app = flask.Flask("words")
            app.add_url_rule("/words", "words", look)
            app.register_error_handler(404, lambda error: look())
            return app

        traced(
            instrumentor,
            {"path": path},
            make_app=make_app,
            enable_commenter=is_enabled,
            commenter_options=options,
        )
        found.append(words)
    assert found[0] == found[1]
    assert found[1] != [] and (found[1] != [None]) is is_enabled


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "name", ["a route", "no route", "an error", "an unknown method", "excluded"]
)
def test_metrics_are_contribs(monkeypatch, name, mode):
    """Where there is a meter provider."""
    use_conventions(monkeypatch, mode)
    found = []
    for instrumentor in INSTRUMENTORS:
        reader = InMemoryMetricReader()
        provider = MeterProvider([reader])
        request = flask_app.REQUESTS[name]
        traced(instrumentor, request, meter_provider=provider, excluded_urls="/health/")
        found.append(points_of(reader))
        provider.shutdown()
    assert found[1] == found[0] != []


def test_apps_have_their_own_providers():
    """And one that calls another is its parent."""
    providers = [TracerProvider(exporters=("memory",)) for _ in range(2)]
    first, second = flask.Flask("first"), flask_app.make_app("second")
    first.add_url_rule("/", "index", lambda: second.test_client().get("/user/5").data)
    for app, provider in zip((first, second), providers):
        FlaskInstrumentor.instrument_app(app, tracer_provider=provider)
    assert answer_of(first, {"path": "/"})[2] == b"5"
    (outer,), (inner,) = map(spans_of, providers)
    assert (outer["name"], outer["kind"]) == ("GET /", 2)
    assert (inner["name"], inner["kind"], inner["has parent"]) == (
        "GET /user/<int:number>",
        1,
        True,
    )


def test_a_provider_of_the_sdk_gets_the_same_spans():
    """The native path starts spans by any tracer, as the API says."""
    found = []
    for instrumentor in INSTRUMENTORS:
        exporter = InMemorySpanExporter()
        provider = SdkTracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        app = flask_app.make_app()
        instrumentor.instrument_app(app, tracer_provider=provider)
        for name in ("a route", "an error", "a stream", "a parent", "a request in a request"):
            answer_of(app, flask_app.REQUESTS[name])
        found.append(
            [
                (span.name, span.kind, dict(span.attributes), span.status.description, span.parent)
                for span in exporter.get_finished_spans()
                if span.name != "GET /user/<int:number>"
            ]
        )
    assert found[0] == found[1]


def test_an_app_is_instrumented_once_and_can_be_left_alone_again(caplog):
    """A second time changes nothing."""
    provider = TracerProvider(exporters=("memory",))
    app = flask_app.make_app()
    original = app.wsgi_app
    FlaskInstrumentor.instrument_app(app, tracer_provider=provider)
    FlaskInstrumentor.instrument_app(app, tracer_provider=provider)
    FlaskInstrumentor.uninstrument_app(app)
    FlaskInstrumentor.uninstrument_app(app)
    assert app.wsgi_app == original
    assert caplog.messages == [
        "This Flask app is instrumented already",
        "This Flask app is not instrumented",
    ]
    answer_of(app, {"path": "/"})
    assert spans_of(provider) == []


def test_new_apps_are_instrumented_on_request():
    """As contrib's instrument() does."""
    provider = TracerProvider(exporters=("memory",))
    original = flask.Flask
    FlaskInstrumentor().instrument(tracer_provider=provider, excluded_urls="/no")
    try:
        assert FlaskInstrumentor().is_instrumented_by_opentelemetry
        app = flask_app.make_app()
    finally:
        FlaskInstrumentor().uninstrument()
    assert flask.Flask is original
    answer_of(app, {"path": "/"})
    answer_of(app, {"path": "/no"})
    assert [span["name"] for span in spans_of(provider)] == ["GET /"]


@pytest.mark.parametrize("variable", ["SERVER_REQUEST", "SERVER_RESPONSE"])
@pytest.mark.parametrize("wrong", ["*session", "(", "x-asked|[", "(?P<1>x)"])
def test_what_is_no_regular_expression_is_left_out_and_said(monkeypatch, caplog, variable, wrong):
    """The app is traced, and the other headers are captured."""
    prefix = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_"
    monkeypatch.setenv(prefix + variable, f"{wrong},x-.*,content-type")
    _, spans = traced(FlaskInstrumentor, {"path": "/", "headers": {"X-Asked": "1"}})
    headers = [key for key in spans[0]["attributes"] if ".header." in key]
    assert any(variable[7:].lower() in key for key in headers)
    traced(FlaskInstrumentor, {"path": "/"})
    (said,) = [record for record in caplog.records if record.name == repeated.logger.name]
    assert repr(wrong) in said.getMessage()


def test_what_should_hide_and_cannot_be_read_hides_all(monkeypatch):
    """Unsure what is secret, everything is."""
    prefix = "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_"
    monkeypatch.setenv(prefix + "SANITIZE_FIELDS", "x-session,*token")
    monkeypatch.setenv(prefix + "SERVER_REQUEST", "x-.*")
    _, spans = traced(FlaskInstrumentor, {"path": "/", "headers": {"X-Asked": "1"}})
    assert list(spans[0]["attributes"]["http.request.header.x_asked"]) == ["[REDACTED]"]


@pytest.mark.parametrize("given", ["*.png", "a(,/user"])
def test_a_url_that_is_no_regular_expression_excludes_nothing(monkeypatch, given):
    """The others do."""
    monkeypatch.setenv("OTEL_PYTHON_FLASK_EXCLUDED_URLS", given)
    _, spans = traced(FlaskInstrumentor, {"path": "/"})
    assert len(spans) == 1


URLS = [
    {}, {"PATH_INFO": "/a/b_c.d~e-f"}, {"QUERY_STRING": "a=b&c=d"}, {"QUERY_STRING": "a=%20"},
    {"QUERY_STRING": "a?b"}, {"QUERY_STRING": "a=b c"}, {"PATH_INFO": "/a b"},
    {"PATH_INFO": "/a?b"}, {"PATH_INFO": "//a"}, {"PATH_INFO": "a"}, {"PATH_INFO": ""},
    {"PATH_INFO": "/\xc3\xbc"},
    {"PATH_INFO": "/%41"}, {"SCRIPT_NAME": "/app"}, {"HTTP_HOST": "Shop.Example"},
    {"HTTP_HOST": "shop.example:80"}, {"HTTP_HOST": "shop.example:8000"},
    {"HTTP_HOST": "shop.example:443"}, {"HTTP_HOST": "shop.example:080"}, {"HTTP_HOST": "[::1]:80"},
    {"HTTP_HOST": "xn--bcher-kva.example"}, {"HTTP_HOST": "a.xn--bcher-kva.example:81"},
    {"HTTP_HOST": "a:b@c"}, {"HTTP_HOST": "a/b"}, {"HTTP_HOST": None}, {"HTTP_HOST": ""},
    {"wsgi.url_scheme": "https", "HTTP_HOST": "shop.example:443"},
    {"wsgi.url_scheme": "https", "HTTP_HOST": "shop.example:80"}, {"wsgi.url_scheme": "ws"},
]  # fmt: skip


@pytest.mark.parametrize("changes", URLS)
def test_a_url_that_is_looked_at_is_the_requests(changes):
    """However it was made."""
    environ = {**flask.Flask("x").test_request_context("/").request.environ, **changes}
    environ = {key: value for key, value in environ.items() if value is not None}
    environ.pop("werkzeug.request", None)
    assert flask_module._url_of(flask.Request(environ)) == flask.Request(dict(environ)).url


SPAN_ID = "0000000000000009"
TRACE_ID = "0" * 31 + "7"
FLAGS = ["00", "01", "02", "03", "04", "ff", "0g"]


@pytest.mark.parametrize(
    "header",
    [
        *(f"00-{TRACE_ID}-{SPAN_ID}-{flags}" for flags in FLAGS),
        f"01-{TRACE_ID}-{SPAN_ID}-01", f"01-{TRACE_ID}-{SPAN_ID}-01-more",
        f"00-{TRACE_ID}-{SPAN_ID}-01-more", f"ff-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{'0' * 32}-{SPAN_ID}-01", f"00-{TRACE_ID}-{'0' * 16}-01",
        f"00-{TRACE_ID[:-1]}A-{SPAN_ID}-01", f"00-{TRACE_ID}-{SPAN_ID[:-1]}F-01",
        f" 00-{TRACE_ID}-{SPAN_ID}-01 ", f"\t00-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID}-1",
        f"00-{TRACE_ID}_{SPAN_ID}-01", f"00-{TRACE_ID[:-1]}\xfc-{SPAN_ID}-01", "", "x" * 55,
    ],
)  # fmt: skip
@pytest.mark.parametrize("more", [{}, {"tracestate": "a=b"}, {"baggage": "c=d"}])
def test_a_traceparent_is_read_as_the_api_reads_it(header, more):
    """The span, and what a hook finds: the request's parent is the current span."""

    def hook(span, environ):
        del environ
        current = trace.get_current_span()
        current.set_attribute("nobody", "hears it")
        context = current.get_span_context()
        seen.append((current.is_recording(), tuple(context), type(context.trace_flags),
                     isinstance(current, trace.NonRecordingSpan), baggage.get_all()))  # fmt: skip
        span.set_attribute("seen", True)

    seen = []
    request = {"path": "/current", "headers": {"traceparent": header, **more}}
    spans = assert_equal(request, request_hook=hook)
    assert seen[0] == seen[1]
    assert all(span["has parent"] is bool(seen[0][1][0]) for span in spans)
