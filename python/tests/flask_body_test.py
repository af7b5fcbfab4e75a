"""Our instrumentor of Flask and the body of an answer: what differs from contrib's on purpose."""

import gc
import logging
import weakref

import flask
import flask_app
import pytest
from opentelemetry import trace
from span_comparison import answer_of, spans_of

from impact_stack.observability.tracing.flask import FlaskInstrumentor
from impact_stack.observability.tracing.provider import TracerProvider


def streaming(pieces, **options):
    """Return a traced app whose body is made of pieces, its provider, and the body of an answer."""
    provider = TracerProvider(exporters=("memory",))
    app = flask.Flask("streaming")
    app.add_url_rule("/", "index", lambda: app.response_class(pieces(), **options))
    FlaskInstrumentor.instrument_app(app, tracer_provider=provider)
    environ = app.test_request_context("/").request.environ
    return provider, app.wsgi_app(environ, lambda *arguments: None)


def is_over(provider):
    """Tell whether the request's span has ended."""
    return provider.stats()["ended"] == 1


def test_a_span_lasts_as_long_as_the_body():
    """To its last byte, not to the view's return."""
    provider, body = streaming(lambda: iter(["a", "b"]))
    assert [next(body), is_over(provider)] == [b"a", False]
    assert [next(body), is_over(provider)] == [b"b", False]
    with pytest.raises(StopIteration):
        next(body)
    assert is_over(provider)
    body.close()
    assert len(spans_of(provider)) == 1


def test_a_length_that_was_said_tells_the_last_byte():
    """Clients that never close the body are no reason to wait."""
    provider, body = streaming(lambda: iter([b"ab", b"c"]), headers={"Content-Length": "3"})
    assert [next(body), is_over(provider)] == [b"ab", False]
    assert [next(body), is_over(provider)] == [b"c", True]


def test_a_client_that_goes_ends_the_span():
    """The server closes the body before its end."""
    closed = []

    def pieces():
        try:
            yield "a"
            yield "b"
        finally:
            closed.append(trace.get_current_span().name)

    provider, body = streaming(pieces)
    next(body)
    body.close()
    assert is_over(provider)
    assert closed == ["GET /"]
    assert spans_of(provider)[0]["status"] == (0, "")


@pytest.mark.parametrize("piece_count", [1, 2])
@pytest.mark.parametrize("says_length", [True, False])
def test_what_a_dropped_body_had_current_stays_with_nobody(piece_count, says_length):
    """A generator that nobody closes ends where it is let go of, and its spans before the
    request's; also when the last byte has left."""
    ends = []

    def pieces():
        with provider.get_tracer("x").start_as_current_span("pieces"):
            try:
                yield from ["a", "b"]
            finally:
                ends.append(trace.get_current_span().name)

    length = {"headers": {"Content-Length": "2"}} if says_length else {}
    provider, body = streaming(pieces, **length)
    for _ in range(piece_count):
        next(body)
    with pytest.raises(KeyError, match="is kept"):  # noqa: PT012 - what is raised stays so
        try:
            raise KeyError("is kept")
        finally:
            del body
            gc.collect()
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert ends == ["pieces"]
    assert [span["name"] for span in spans_of(provider)] in (
        ["pieces", "GET /"], ["GET /", "pieces"],
    )  # fmt: skip


def test_a_body_that_is_dropped_ends_the_span():
    """At the latest."""
    provider, body = streaming(lambda: iter(["a"]))
    assert not is_over(provider)
    del body
    gc.collect()
    assert is_over(provider)


def test_what_a_body_raises_is_recorded():
    """The client sees a broken answer: the span says why."""

    def pieces():
        yield "a"
        raise ValueError("half")

    provider, body = streaming(pieces)
    with pytest.raises(ValueError):
        list(body)
    (span,) = spans_of(provider)
    assert span["status"] == (2, "ValueError: half")
    assert [name for name, _ in span["events"]] == ["exception"]


def test_a_body_is_made_in_its_span(caplog):
    """And in the spans that it keeps open itself; the server's thread is in none of them."""
    seen = []

    def pieces():
        seen.append(trace.get_current_span().name)
        with trace.get_tracer("t").start_as_current_span("never recorded"):
            pass
        yield "a"
        with provider.get_tracer("t").start_as_current_span("inner"):
            yield "b"
            seen.append(trace.get_current_span().name)
            yield "c"
        seen.append(trace.get_current_span().name)

    with caplog.at_level(logging.DEBUG):
        provider, body = streaming(pieces)
        for piece in body:
            assert piece
            assert trace.get_current_span() is trace.INVALID_SPAN
        body.close()
    assert seen == ["GET /", "inner", "GET /"]
    assert caplog.records == []
    inner, outer = spans_of(provider)
    assert (inner["name"], inner["has parent"]) == ("inner", True)
    assert outer["name"] == "GET /"


def test_a_teardown_function_that_raises_loses_no_span():
    """Contrib's is not told, and loses its span and its Context."""
    provider = TracerProvider(exporters=("memory",))
    app = flask_app.make_app()
    FlaskInstrumentor.instrument_app(app, tracer_provider=provider)

    @app.teardown_request
    def fail(error):
        raise RuntimeError("torn")

    assert answer_of(app, {"path": "/"}) == repr(RuntimeError("torn"))
    (span,) = spans_of(provider)
    assert span["status"] == (2, "RuntimeError: torn")


class FileWrapper:
    """A server's own way to send files, which it knows by its class."""

    def __init__(self, file, size=8192):
        self.file = file
        self.size = size

    def __iter__(self):
        return iter(lambda: self.file.read(self.size), b"")


@pytest.mark.parametrize(
    "wrapper", [FileWrapper, lambda file, size=8192: file], ids=["class", "file"]
)
def test_a_server_sends_files_itself(wrapper):
    """It finds its own object, or the file."""
    provider = TracerProvider(exporters=("memory",))
    app = flask_app.make_app()
    FlaskInstrumentor.instrument_app(app, tracer_provider=provider)
    environ = app.test_request_context("/file").request.environ
    environ["wsgi.file_wrapper"] = wrapper
    body = app.wsgi_app(environ, lambda *arguments: None)
    assert isinstance(body, FileWrapper) or body.read(1) == b"x"
    assert len(spans_of(provider)) == 1


def test_an_app_that_begins_with_its_body_is_traced():
    """Middleware may be a generator."""
    provider = TracerProvider(exporters=("memory",))
    app = flask_app.make_app()
    inner = app.wsgi_app

    def lazy(environ, start_response):
        yield from inner(environ, start_response)

    app.wsgi_app = lazy
    FlaskInstrumentor.instrument_app(app, tracer_provider=provider)
    assert answer_of(app, {"path": "/user/5"})[2] == b"5"
    (span,) = spans_of(provider)
    assert span["attributes"]["http.status_code"] == 200


class Server:
    """Something that can be looked for."""

    def start_response(self, *arguments):
        """Take the head."""


def is_kept(app, path):
    """Tell whether something of a request waits for the garbage collection."""
    server = Server()
    environ = app.test_request_context(path).request.environ
    environ["server"] = server
    environ.pop("werkzeug.request", None)
    body = app.wsgi_app(environ, server.start_response)
    for _ in body:
        pass
    getattr(body, "close", lambda: None)()
    reference = weakref.ref(server)
    del body, environ, server
    return reference() is not None


@pytest.mark.parametrize(
    "path", ["/", "/stream", "/stream/context", "/teapot", "/nowhere", "/file"]
)
@pytest.mark.parametrize("excluded", ["", "http"])
def test_nothing_of_a_request_stays(path, excluded):
    """Neither its environ nor what the server gave, unless Flask itself keeps it for a while."""
    bare, app = flask_app.make_app(), flask_app.make_app()
    provider = TracerProvider(exporters=("memory",))
    FlaskInstrumentor.instrument_app(app, tracer_provider=provider, excluded_urls=excluded)
    logging.disable(logging.CRITICAL)  # what is logged is kept by pytest
    gc.collect()
    gc.disable()
    try:
        assert is_kept(app, path) == is_kept(bare, path)
    finally:
        gc.enable()
        logging.disable(logging.NOTSET)


def test_nothing_of_a_plain_request_stays():
    """Flask keeps nothing of it."""
    assert not is_kept(flask_app.make_app(), "/")
