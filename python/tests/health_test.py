"""The health answer: every row of the behaviour table, and what may change while the app runs."""

import contextvars
import functools
import logging
import subprocess
import sys
import threading
import time

import flask
import pytest
from opentelemetry import trace

from impact_stack.observability import health as health_

BUDGET_S = 0.9
SLACK_S = 30  # of a busy machine; the check hangs for twice as long
WORKERS = 4  # of a registry: impact_health_options


@pytest.fixture(name="health")
def fixture_health(app):
    """Return a Health with a check of each kind."""
    health = health_.Health(app)
    health.register_check("true", health_.checks.check_true)
    health.register_check("false", health_.checks.check_false, add_to_defaults=False)
    return health


@pytest.fixture(name="client")
def fixture_client(app, health):
    """Return a client of the app with the checks."""
    del health
    return app.test_client()


@pytest.fixture(name="stuck")
def fixture_stuck():
    """Return an event that ends the checks that wait for it."""
    event = threading.Event()
    yield event
    event.set()


def test_ping(client):
    """Exactly text/plain, without a charset."""
    response = client.get("/health/ping")
    assert (response.status_code, response.data) == (200, b"pong")
    assert response.headers["Content-Type"] == "text/plain"


@pytest.mark.parametrize("url", ["/health/", "/health/?checks=_defaults"])
def test_defaults(client, url):
    """Keys, order and values of the answer."""
    response = client.get(url)
    assert response.status_code == 200
    assert response.content_type == "application/json"
    assert response.json == {
        "health": "running",
        "available_checks": ["true", "false"],
        "checks": {"true": True},
    }
    assert response.data.endswith(b"\n")


@pytest.mark.parametrize(
    "checks, expected",
    [
        ("true,false", {"true": True, "false": False}),
        ("_defaults, false", {"true": True, "false": False}),
        (" true , true ", {"true": True}),
        ("", {}),
    ],
)
def test_selection(client, checks, expected):
    """Names, blanks, duplicates, nothing."""
    response = client.get("/health/", query_string={"checks": checks})
    assert response.json["checks"] == expected
    is_healthy = all(expected.values())
    assert response.json["health"] == ("running" if is_healthy else "degraded")
    assert response.status_code == (200 if is_healthy else 503)


def test_unknown_checks_are_ignored_and_named(client):
    """A probe with a typo stays green, as it was, but says so."""
    response = client.get("/health/?checks=true,typo")
    assert response.status_code == 200
    assert response.json["unknown_checks"] == ["typo"]
    assert response.json["checks"] == {"true": True}


def test_unknown_checks_are_refused_when_strict(app, client):
    """HEALTH_STRICT is read for each request."""
    app.config["HEALTH_STRICT"] = True
    response = client.get("/health/?checks=true,typo")
    assert response.status_code == 404
    assert response.json["error"]
    assert b"typo" in response.data
    app.config["HEALTH_STRICT"] = False
    assert client.get("/health/?checks=true,typo").status_code == 200


def test_the_secret_is_asked_for(app, client):
    """As a parameter or a bearer token; ping stays open; the configuration is read each time."""
    app.config["HEALTH_URL_SECRET"] = "s3cret"
    assert client.get("/health/").status_code == 401
    assert client.get("/health/?auth=wrong").status_code == 401
    assert client.get("/health/?auth=s3cret").status_code == 200
    assert client.get("/health/", headers={"X-Health-Secret": "s3cret"}).status_code == 200
    bearer = {"Authorization": "Bearer s3cret"}
    assert client.get("/health/", headers=bearer).status_code == 200
    assert client.get("/health/ping").status_code == 200
    app.config["HEALTH_URL_SECRET"] = "other"
    assert client.get("/health/?auth=s3cret").status_code == 401
    app.config["HEALTH_URL_SECRET"] = None
    assert client.get("/health/").status_code == 200


def test_a_secret_that_vanishes_opens_nothing(app, client):
    """An emptied variable must not be an open door."""
    app.config["HEALTH_URL_SECRET"] = "s3cret"
    assert client.get("/health/").status_code == 401
    app.config["HEALTH_URL_SECRET"] = ""
    assert client.get("/health/").status_code == 401
    del app.config["HEALTH_URL_SECRET"]
    assert client.get("/health/").status_code == 401
    assert client.get("/health/?auth=s3cret").status_code == 200


def test_init_needs_the_secret():
    """And leaves no trace of itself when it fails."""
    app = flask.Flask("x")
    with pytest.raises(RuntimeError, match="HEALTH_URL_SECRET not set"):
        health_.Health(app)
    assert "health" not in app.extensions
    app.config["HEALTH_URL_SECRET"] = ""
    with pytest.raises(RuntimeError, match="HEALTH_URL_SECRET is empty"):
        health_.Health(app)
    app.config["HEALTH_URL_SECRET"] = None
    health_.Health(app)
    assert "health" in app.extensions
    assert "health" in app.blueprints


def test_one_health_an_app(app, health):
    """The second one is refused."""
    assert app.extensions["health"] is health
    with pytest.raises(RuntimeError, match="already been registered on this Flask app"):
        health_.Health(app)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "BREW"])
def test_other_methods(client, method):
    """405 with Allow, for methods that nobody has heard of as well."""
    response = client.open("/health/", method=method)
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_head_and_options(client):
    """Headers only."""
    head = client.head("/health/")
    assert (head.status_code, head.data) == (200, b"")
    assert head.content_type == "application/json"
    assert head.headers.get("Content-Length") != "0"
    options = client.options("/health/")
    assert options.status_code in (200, 204)
    assert set(options.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_the_missing_slash(client, method):
    """It answers itself: a load balancer takes a redirect for health."""
    assert client.open("/health", method=method).status_code == 200
    degraded = client.open("/health?checks=false", method=method)
    assert degraded.status_code == 503
    assert "Location" not in degraded.headers


@pytest.mark.parametrize("path", ["/health//", "/health//ping", "/health/ping//", "/health///"])
def test_a_doubled_slash_is_no_redirect(client, path):
    """Which would be made of Host, and kept by caches."""
    response = client.get(path, headers={"Host": "elsewhere.example"})
    assert response.status_code == 404
    assert "Location" not in response.headers
    assert "no-store" in response.headers["Cache-Control"]


def test_options_has_the_status_of_a_get(client):
    """What HAProxy's `option httpchk` asks for."""
    assert client.options("/health/").status_code == 200
    assert client.options("/health/?checks=false").status_code == 503
    assert client.options("/health/nothing").status_code == 404


def test_a_check_has_a_path_of_its_own(client):
    """By its name, below the prefix."""
    assert client.get("/health/true").json["checks"] == {"true": True}
    assert client.get("/health/false").status_code == 503
    assert client.get("/health/nothing").status_code == 404


def test_what_is_excluded_is_not_run(client):
    """As kube-apiserver's parameter, which may be given several times."""
    response = client.get("/health/?checks=true,false&exclude=false")
    assert response.json["checks"] == {"true": True}
    response = client.get("/health/?checks=true,false&exclude=false&exclude=true")
    assert response.json["checks"] == {}


def test_the_format_is_negotiated(client):
    """By Accept or by the query; what nobody has is a 406."""
    assert client.get("/health/", headers={"Accept": "text/plain"}).data == b"ok\n"
    assert client.get("/health/?format=text&checks=false").data.startswith(b"[-]false failed")
    draft = client.get("/health/?format=health-json")
    assert draft.content_type == "application/health+json"
    assert draft.json["status"] == "pass"
    assert client.get("/health/", headers={"Accept": "image/png"}).status_code == 406


@pytest.mark.parametrize(
    "method, url",
    [
        ("GET", "/health/"),
        ("GET", "/health/ping"),
        ("GET", "/health/?checks=false"),
        ("GET", "/health/nothing"),
        ("GET", "/health"),
        ("HEAD", "/health/"),
        ("OPTIONS", "/health/"),
        ("POST", "/health/"),
    ],
)
def test_nothing_may_be_cached(client, method, url):
    """Also what is no 200."""
    response = client.open(url, method=method)
    assert response.headers["Cache-Control"] == "no-cache, no-store"


def test_a_401_may_not_be_cached(app, client):
    """It would outlive the mistake."""
    app.config["HEALTH_URL_SECRET"] = "s3cret"
    assert client.get("/health/").headers["Cache-Control"] == "no-cache, no-store"


@pytest.mark.parametrize(
    "url",
    [
        "/health/" + "x" * 10_000,
        "/health/%00",
        "/health/%ff%fe",
        "/health/<script>",
        "/health/?checks=" + "x" * 10_000,
        "/health/?checks=%00",
        "/health/?checks=%ff",
        "/health/?checks=<script>",
        "/health/?checks=" + ",".join(f"c{i}" for i in range(1000)),
        "/health/?auth=%ff&checks=%zz",
        "/health/?" + "&" * 5000,
    ],
)
def test_hostile_requests(client, url):
    """JSON within limits; nothing comes back unescaped."""
    response = client.get(url, headers={"X-Odd": "\xff" * 100})
    assert response.status_code in (200, 400, 404)
    assert response.is_json
    assert len(response.data) < 100_000
    assert b"<script>" not in response.data or response.content_type == "application/json"


def test_a_raising_check_is_false(client, health, caplog):
    """It is logged with its name, and nothing of it leaves in the answer."""

    @health.register_check("raises")
    def check_raises():
        raise ValueError("the password is 1234")

    @health.register_check("exits")
    def check_exits():
        raise SystemExit(3)

    with caplog.at_level(logging.ERROR, "impact_stack.observability"):
        response = client.get("/health/?checks=raises,exits,true")
    assert response.status_code == 503
    assert response.json["checks"] == {"raises": False, "exits": False, "true": True}
    assert b"1234" not in response.data
    logged = [record for record in caplog.records if record.exc_info]
    assert {record.name for record in logged} == {"impact_stack.observability"}
    assert "'raises'" in caplog.text and "the password is 1234" in caplog.text


class Untrue:
    """A result whose truth cannot be told."""

    def __bool__(self):
        raise ValueError("neither")


@pytest.mark.parametrize(
    "result, expected", [(1, True), ("yes", True), (None, False), ([], False), (Untrue(), False)]
)
def test_truthiness_decides(client, health, result, expected):
    """Checks may return what they like."""
    health.register_check("odd", lambda: result)
    assert client.get("/health/?checks=odd").json["checks"] == {"odd": expected}


def test_a_hung_check_hangs_nobody(client, health, stuck):
    """The answer comes within the budget, and the check is not started a second time."""
    runs = []

    @health.register_check("hangs")
    def check_hangs():
        runs.append(1)
        stuck.wait(60)
        return True

    for _ in range(3):
        start = time.monotonic()
        response = client.get("/health/?checks=hangs,true")
        assert time.monotonic() - start < BUDGET_S + SLACK_S
        assert response.status_code == 503
        assert response.json["checks"] == {"hangs": False, "true": True}
    assert runs == [1]


def test_the_budget_can_be_configured(client, app, health):
    """For checks that need longer than the default; it is the limit of each check too."""

    def check_slow():
        threading.Event().wait(BUDGET_S + 0.2)
        return True

    health.register_check("short of time", check_slow)
    health.register_check("with time", check_slow)
    response = client.get("/health/?checks=short of time")
    assert response.json["checks"] == {"short of time": False}
    app.config["HEALTH_BUDGET_MS"] = 20_000
    assert client.get("/health/?checks=with time").json["checks"] == {"with time": True}
    app.config["HEALTH_BUDGET_MS"] = "nonsense"  # the former one stays
    assert client.get("/health/?checks=with time").json["checks"] == {"with time": True}


@pytest.mark.parametrize("value", [0, -1, 0.5, "900", 10**9])
def test_a_budget_that_is_none_is_refused_at_once(value):
    """Not with the first probe."""
    app = flask.Flask("x")
    app.config.update(HEALTH_URL_SECRET=None, HEALTH_BUDGET_MS=value)
    with pytest.raises(ValueError, match="HEALTH_BUDGET_MS"):
        health_.Health(app)
    assert "health" not in app.extensions


def test_a_hung_check_is_not_started_again_under_its_old_name(client, health, stuck):
    """Not even when it was taken out and put back."""
    runs = []

    def check_hangs():
        runs.append(1)
        stuck.wait(60)
        return True

    health.register_check("hangs", check_hangs)
    client.get("/health/?checks=hangs")
    del health.checks["hangs"]
    assert client.get("/health/?checks=hangs").json["unknown_checks"] == ["hangs"]
    health.register_check("hangs", check_hangs)
    assert client.get("/health/?checks=hangs").json["checks"] == {"hangs": False}
    assert runs == [1]


def test_checks_run_beside_each_other(app, client, health):
    """Two that wait for each other both hold."""
    app.config["HEALTH_BUDGET_MS"] = 60_000
    barrier = threading.Barrier(2, timeout=30)
    health.register_check("a", lambda: barrier.wait() >= 0)
    health.register_check("b", lambda: barrier.wait() >= 0)
    assert client.get("/health/?checks=a,b").json["checks"] == {"a": True, "b": True}


def test_a_check_has_an_app_context_and_the_request(app, client, health):
    """And contextvars of the request, a copy each; the context it was given is its own."""
    variable = contextvars.ContextVar("variable", default="nothing")
    seen = {}

    @app.before_request
    def set_variable():
        variable.set("of the request")
        flask.g.mark = "of the request"

    @health.register_check("look")
    def check_look():
        seen["app"] = flask.current_app._get_current_object()
        seen["url"] = flask.request.url
        seen["variable"] = variable.get()
        seen["g"] = flask.g.get("mark")
        variable.set("of the check")
        return True

    with app.app_context():
        assert client.get("/health/?checks=look").status_code == 200
    assert seen["app"] is app
    assert seen["url"].endswith("/health/?checks=look")
    assert seen["variable"] == "of the request"
    assert seen["g"] == "of the request"
    assert variable.get() == "of the request"


def test_a_check_is_in_the_trace_of_its_request(app, client, health, tracer):
    """The current span crosses to the thread of the check."""
    seen = []

    @health.register_check("look")
    def check_look():
        seen.append(trace.get_current_span().get_span_context().trace_id)
        return True

    with tracer.start_as_current_span("request") as span:
        assert client.get("/health/?checks=look").status_code == 200
    assert seen == [span.get_span_context().trace_id]
    del app


def test_a_check_keeps_its_request_while_others_come_and_go(app, client, health, stuck):
    """One that waits for a free thread still has the request that asked for it."""
    started = threading.Semaphore(0)
    answers = []

    def check_waits():
        started.release()
        return stuck.wait(60)

    names = [f"waits{number}" for number in range(WORKERS)]
    for name in names:
        health.register_check(name, check_waits)
    health.register_check("look", lambda: flask.request.args["id"] == "first")
    url = f"/health/?id=first&checks={','.join(names)},look"
    first = threading.Thread(target=lambda: answers.append(app.test_client().get(url)))
    first.start()
    for _ in names:
        assert started.acquire(timeout=10)
    assert client.get("/health/ping").status_code == 200
    stuck.set()
    first.join(10)
    assert answers[0].json["checks"]["look"] is True


async def check_async():
    """Do not hold."""
    return False


@pytest.mark.parametrize(
    "check", [check_async, functools.partial(check_async), lambda: check_async()]
)
@pytest.mark.filterwarnings("ignore:coroutine")
def test_a_promise_is_no_result(client, health, check):
    """A coroutine is true to Python, and says nothing before it has run."""
    health.register_check("async", check)
    assert client.get("/health/?checks=async").json["checks"] == {"async": False}


def test_coroutine_functions_are_run(client, health):
    """As Flask runs views that are: with asgiref, where it is installed."""
    pytest.importorskip("asgiref")

    seen = []

    @health.register_check("async")
    async def check_request():
        seen.append(flask.request.path)
        return True

    assert client.get("/health/?checks=async").json["checks"] == {"async": True}
    assert seen == ["/health/"]


def test_what_the_app_keeps_for_a_request_is_let_go(app, client):
    """The context of an answered request is not held until the next one."""
    client.get("/health/")
    endpoint = app.view_functions["health.answer"].__self__
    assert endpoint._answering == {}
    assert endpoint._running == {}


def test_registering_forms(health):
    """The direct form returns None, the decorator its function; a name can be given a new one."""
    assert health.register_check("a", lambda: True) is None

    def check():
        return True

    assert health.register_check("a", add_to_defaults=False)(check) is check
    assert health.checks["a"] is check
    assert health.default_checks.count("a") == 1


@pytest.mark.parametrize(
    "name", ["", " blank first", "a,b", "_mine", "x" * 65, "line\n", "a\0b", "a\0", 5]
)
def test_a_name_that_cannot_be_asked_for_is_refused(health, name):
    """At once, not with the first probe."""
    with pytest.raises(ValueError, match="cannot be asked for"):
        health.register_check(name, lambda: True)


@pytest.mark.parametrize("name", ["payment gateway (EU)", "käse"])
def test_any_other_name_can_be_asked_for(client, health, name):
    """As in the original."""
    health.register_check(name, lambda: True, add_to_defaults=False)
    assert client.get("/health/", query_string={"checks": name}).json["checks"] == {name: True}


def test_checks_and_defaults_may_be_changed(client, health):
    """The next request sees it, in the order of the dict."""
    health.checks["new"] = lambda: True
    health.default_checks.append("false")
    health.default_checks.append("nobody")
    response = client.get("/health/")
    assert response.json["available_checks"] == ["true", "false", "new"]
    assert response.json["checks"] == {"true": True, "false": False, "nobody": False}
    health.checks["true"] = lambda: False
    assert client.get("/health/?checks=true").status_code == 503
    del health.checks["true"]
    health.checks["true"] = lambda: True
    health.default_checks[:] = ["new"]
    response = client.get("/health/")
    assert response.json["available_checks"] == ["false", "new", "true"]
    assert response.json["checks"] == {"new": True}
    health.checks.clear()
    assert client.get("/health/").json["available_checks"] == []


def test_another_prefix():
    """With or without a slash at its end."""
    app = flask.Flask("x")
    app.config["HEALTH_URL_SECRET"] = None
    health = health_.Health(app, url_prefix="/internal/status/")
    assert health.url_prefix == "/internal/status/"
    client = app.test_client()
    assert client.get("/internal/status/ping").data == b"pong"
    assert client.get("/internal/status/").status_code == 200
    assert client.get("/health/").status_code == 404


def test_routes_of_the_app_below_the_prefix_still_work(app, client):
    """What the app says itself is more exact than ours."""
    app.add_url_rule("/health/details", view_func=lambda: "mine", endpoint="details")
    assert client.get("/health/details").data == b"mine"


def test_apps_keep_their_state_apart(health):
    """One Health on two apps: the checks are shared, secrets, contexts and runs are not."""
    second = flask.Flask("second")
    second.config["HEALTH_URL_SECRET"] = "s3cret"
    health.init_app(second)
    health.register_check("name", lambda: flask.current_app.name == "second")
    assert second.test_client().get("/health/?checks=name").status_code == 401
    answer = second.test_client().get("/health/?checks=name&auth=s3cret")
    assert answer.json["checks"] == {"name": True}
    third = flask.Flask("third")
    third.config["HEALTH_URL_SECRET"] = None
    health_.Health(third)
    assert third.test_client().get("/health/").json["available_checks"] == []


def test_many_probes_at_once(app, health):
    """Each is answered, and each rightly."""
    health.register_check("slow", lambda: time.monotonic() > 0)
    barrier = threading.Barrier(8)
    answers = []

    def probe():
        client = app.test_client()
        barrier.wait()
        for _ in range(20):
            answers.append(client.get("/health/?checks=slow,true").status_code)

    threads = [threading.Thread(target=probe) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 160


@pytest.mark.parametrize("body", ["threading.Event().wait(600)", "any(i for i in iter(int, 1))"])
def test_a_stuck_check_does_not_keep_the_process(body):
    """Neither one that waits nor one that is busy: the interpreter ends all the same."""
    program = f"""
import flask, threading
from impact_stack.observability import health
app = flask.Flask("x")
app.config["HEALTH_URL_SECRET"] = None
health.Health(app).register_check("stuck", lambda: {body})
assert app.test_client().get("/health/").json["checks"] == {{"stuck": False}}
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
