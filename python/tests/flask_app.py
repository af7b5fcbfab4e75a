"""The apps that are traced twice, once by each instrumentor, and the requests to them."""

import asyncio
import io
import threading

import flask
from opentelemetry import trace

TRACEPARENT = f"00-{7:032x}-{9:016x}-01"


class Teapot(Exception):
    """An error that has a handler."""


def make_app(name="shop"):
    """Return an app with a route for everything that an instrumentor can get wrong."""
    app = flask.Flask(name)
    _add_views(app)
    _add_failures(app)
    _add_streams(app)
    _add_others(app)
    app.register_blueprint(_blueprint(), url_prefix="/shop")
    return app


def _add_views(app):
    app.add_url_rule("/", "index", lambda: "hello")
    app.add_url_rule("/ümlaut/<name>", "umlaut", lambda name: name)
    app.add_url_rule("/user/<int:number>", "user", lambda number: str(number))
    app.add_url_rule("/path/<path:rest>", "path", lambda rest: rest)
    app.add_url_rule("/slash/", "slash", lambda: "slash")
    app.add_url_rule("/status/<int:code>", "status", lambda code: ("body", code))
    app.add_url_rule("/odd-status", "odd_status", lambda: ("x", "299 Strange and Long"))
    app.add_url_rule("/moved", "moved", lambda: flask.redirect("/"))
    app.add_url_rule("/json", "json", lambda: flask.jsonify(a=1))
    app.add_url_rule("/empty", "empty", lambda: ("", 204))
    app.add_url_rule("/tuple", "tuple", lambda: ("x", 201, {"X-Answer": "42"}))
    app.add_url_rule("/cookie", "cookie", _cookie)
    app.add_url_rule(
        "/any", "any", lambda: "any", methods=["GET", "POST", "PUT", "PATCH", "DELETE"]
    )
    app.add_url_rule("/upload", "upload", lambda: flask.request.data, methods=["POST"])
    app.add_url_rule("/form", "form", lambda: flask.request.form["a"], methods=["POST"])
    app.add_url_rule("/health/live", "live", lambda: "live")
    app.add_url_rule("/current", "current", _current)
    app.add_url_rule("/rename", "rename", _rename)


def _cookie():
    answer = flask.make_response("x")
    answer.set_cookie("session-id", "secret")
    answer.headers.add("X-Many", "1")
    answer.headers.add("X-Many", "2")
    return answer


def _current():
    span = trace.get_current_span()
    span.set_attribute("seen.in.view", True)
    span.add_event("view")
    return "current"


def _rename():
    trace.get_current_span().update_name("renamed")
    trace.get_current_span().set_status(trace.StatusCode.OK)
    return "renamed"


def _add_failures(app):
    @app.get("/error")
    def error():
        raise ValueError("bad ümlaut")

    @app.get("/teapot")
    def teapot():
        raise Teapot

    @app.errorhandler(Teapot)
    def handle(error):
        del error
        return "teapot", 418

    @app.get("/abort/<int:code>")
    def abort(code):
        flask.abort(code)

    @app.get("/exit")
    def leave():
        raise SystemExit(3)

    @app.get("/type")
    def wrong_type():
        return 5


def _add_streams(app):
    @app.get("/stream")
    def stream():
        return app.response_class(iter(["a", "b", "c"]))

    @app.get("/stream/context")
    def stream_with_context():
        return app.response_class(flask.stream_with_context(_pieces()))

    @app.get("/stream/empty")
    def stream_empty():
        return app.response_class(iter([]))

    @app.get("/stream/length")
    def stream_length():
        return app.response_class(iter([b"ab", b"c"]), headers={"Content-Length": "3"})

    @app.get("/events")
    def events():
        return app.response_class(
            (f"data: {i}\n\n" for i in range(3)), mimetype="text/event-stream"
        )

    @app.get("/file")
    def file():
        return flask.send_file(io.BytesIO(b"x" * 100_000), mimetype="text/plain")

    @app.get("/passthrough")
    def passthrough():
        return app.response_class([b"a", b"b"], direct_passthrough=True)


def _pieces():
    for i in range(3):
        yield f"{flask.request.path}{i}"


def _add_others(app):
    @app.get("/async")
    async def in_a_loop():
        await asyncio.sleep(0)
        return "async"

    @app.get("/async/error")
    async def in_a_loop_error():
        await asyncio.sleep(0)
        raise KeyError("async")

    @app.get("/copied")
    def copied():
        answers = []

        @flask.copy_current_request_context
        def work():
            answers.append(flask.request.path)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        work()
        return answers[0]

    @app.get("/after")
    def after():
        @flask.after_this_request
        def change(answer):
            answer.status_code = 202
            return answer

        return "after"

    @app.get("/nested")
    def nested():
        with app.test_request_context("/user/5"):
            app.preprocess_request()
        return "nested"

    @app.before_request
    def refuse():
        if flask.request.args.get("refuse"):
            return "refused", 403
        if flask.request.args.get("raise"):
            raise ValueError("before")
        return None


def _blueprint():
    blueprint = flask.Blueprint("shop", "shop")

    @blueprint.get("/cart/<int:number>")
    def cart(number):
        return str(number)

    @blueprint.get("/error")
    def error():
        raise RuntimeError("blueprint")

    @blueprint.before_request
    def refuse():
        if flask.request.args.get("closed"):
            flask.abort(503)

    @blueprint.teardown_request
    def note(error):
        trace.get_current_span().set_attribute("torn.down", repr(error))

    return blueprint


def _get(path, **arguments):
    return {"path": path, **arguments}


def _with(path="/", **environ):
    return {"path": path, "environ_overrides": environ}


# Arguments of a Werkzeug client's open(), by name.
REQUESTS = {
    "index": _get("/"),
    "a query": _get("/?a=1&b=%20&sig=secret"),
    "a route": _get("/user/17"),
    "a route that does not fit": _get("/user/x"),
    "a rest": _get("/path/a/b/c%2Fd"),
    "a name that is not ascii": _get("/ümlaut/straße"),
    "a path that is not utf-8": _with(PATH_INFO="/path/\xff\xfe"),
    "no route": _get("/nowhere"),
    "no route, not ascii": _get("/nirgendwo/ö"),
    "a blank path": _get("/%20%20"),
    "a slash is missing": _get("/slash"),
    "a slash": _get("/slash/"),
    "status 100": _get("/status/199"),
    "status 201": _get("/status/201"),
    "status 304": _get("/status/304"),
    "status 400": _get("/status/400"),
    "status 404": _get("/status/404"),
    "status 499": _get("/status/499"),
    "status 500": _get("/status/500"),
    "status 503": _get("/status/503"),
    "status 600": _get("/status/600"),
    "status 99": _get("/status/99"),
    "an odd status": _get("/odd-status"),
    "moved": _get("/moved"),
    "moved and followed": _get("/moved", follow_redirects=True),
    "json": _get("/json"),
    "empty": _get("/empty"),
    "a tuple": _get("/tuple"),
    "cookies": _get("/cookie"),
    "a view that looks": _get("/current"),
    "a view that renames": _get("/rename"),
    "post": _get("/any", method="POST"),
    "put": _get("/any", method="PUT"),
    "patch": _get("/any", method="PATCH"),
    "delete": _get("/any", method="DELETE"),
    "head": _get("/any", method="HEAD"),
    "head of a stream": _get("/stream", method="HEAD"),
    "options": _get("/any", method="OPTIONS"),
    "trace": _get("/any", method="TRACE"),
    "connect": _get("/any", method="CONNECT"),
    "query": _get("/any", method="QUERY"),
    "an unknown method": _get("/any", method="BREW"),
    "an unknown method, no route": _get("/nowhere", method="BREW"),
    "a method in small letters": _with("/any", REQUEST_METHOD="post"),
    "a method with blanks": _with("/any", REQUEST_METHOD=" GET "),
    "no method": _with("/any", REQUEST_METHOD=""),
    "a method that is not allowed": _get("/upload"),
    "an upload": _get("/upload", method="POST", data=b"\0\1"),
    "a form": _get("/form", method="POST", data={"a": "b"}),
    "a form without its field": _get("/form", method="POST", data={}),
    "an error": _get("/error"),
    "an error with a handler": _get("/teapot"),
    "abort 400": _get("/abort/400"),
    "abort 500": _get("/abort/500"),
    "a wrong type": _get("/type"),
    "a stream": _get("/stream"),
    "a stream with its context": _get("/stream/context"),
    "an empty stream": _get("/stream/empty"),
    "a stream with a length": _get("/stream/length"),
    "events": _get("/events"),
    "a file": _get("/file"),
    "a file's part": _get("/file", headers={"Range": "bytes=10-20"}),
    "passed through": _get("/passthrough"),
    "async": _get("/async"),
    "async error": _get("/async/error"),
    "a copied context": _get("/copied"),
    "after the request": _get("/after"),
    "a request in a request": _get("/nested"),
    "refused before": _get("/?refuse=1"),
    "failed before": _get("/?raise=1"),
    "a blueprint": _get("/shop/cart/5"),
    "a blueprint's error": _get("/shop/error"),
    "a blueprint's refusal": _get("/shop/cart/5?closed=1"),
    "a static file that is not there": _get("/static/none.css"),
    "a websocket": _get("/", headers={"Upgrade": "websocket", "Connection": "Upgrade"}),
    "https": _get("/", base_url="https://shop.example"),
    "another port": _get("/", base_url="http://shop.example:8080"),
    "no host": _with(HTTP_HOST=""),
    "an odd port": _with(SERVER_PORT="0"),
    "a client": _with(REMOTE_ADDR="192.0.2.1", REMOTE_PORT="5000"),
    "a client's number": _with(REMOTE_ADDR="192.0.2.1", REMOTE_PORT=5000),
    "a client's odd port": _with(REMOTE_ADDR="192.0.2.1", REMOTE_PORT="none"),
    "a client's name": _with(REMOTE_ADDR="192.0.2.1", REMOTE_HOST="client.example"),
    "a client's name that is its address": _with(REMOTE_ADDR="::1", REMOTE_HOST="::1"),
    "no client": _with(REMOTE_ADDR=""),
    "http 1.0": _with(SERVER_PROTOCOL="HTTP/1.0"),
    "http 2": _with(SERVER_PROTOCOL="HTTP/2"),
    "an odd protocol": _with(SERVER_PROTOCOL="http/1.1"),
    "no protocol": _with(SERVER_PROTOCOL=""),
    "another scheme": _with(**{"wsgi.url_scheme": "gopher"}),
    "the target as gunicorn says it": _with(RAW_URI="/user/17?x=y", REQUEST_URI=""),
    "an empty target": _with(RAW_URI="", REQUEST_URI="/there"),
    "no target": _with(RAW_URI="", REQUEST_URI=""),
    "no target, but secrets": {
        "path": "/?sig=secret&a=b",
        "base_url": "http://shop.example",
        "environ_overrides": {"RAW_URI": "", "HTTP_HOST": "user:pass@shop.example"},
    },
    "mounted": _with(SCRIPT_NAME="/mounted", RAW_URI="", REQUEST_URI=""),
    "an agent": _get("/", headers={"User-Agent": "Mozilla/5.0 (ümlaut)"}),
    "no agent": _get("/", headers={"User-Agent": ""}),
    "a bot": _get("/", headers={"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}),
    "a test": _get("/", headers={"User-Agent": "AlwaysOn bingbot"}),
    "captured headers": _get(
        "/tuple", headers={"X-Asked": "1", "X-Session-Key": "secret", "X-Other": "no"}
    ),
    "a parent": _get("/", headers={"traceparent": TRACEPARENT, "tracestate": "a=1,b=2"}),
    "an unsampled parent": _get("/", headers={"traceparent": TRACEPARENT[:-1] + "0"}),
    "a wrong parent": _get("/", headers={"traceparent": "00-xyz"}),
    "baggage": _get("/", headers={"baggage": "user=17,x=%20"}),
    "a parent and baggage": _get(
        "/current", headers={"traceparent": TRACEPARENT, "baggage": "user=17"}
    ),
    "excluded": _get("/health/live"),
    "excluded by its query": _get("/?secret-page=1"),
}
