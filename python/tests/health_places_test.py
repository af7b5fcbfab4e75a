"""Where checks run: on the core's threads, as greenlets of gevent, on the request's own thread."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import flask
import processes
import pytest

from impact_stack.observability.health import Health

GREENLETS = """
import flask, gevent, gevent.event, threading
from impact_stack.observability.health import Health

app = flask.Flask("served")
app.config.update(HEALTH_URL_SECRET=None, HEALTH_BUDGET_MS=60_000, SECRET_KEY="x")
health = Health(app)
state = {"began": "", "is greenlet": None}
released = gevent.event.Event()
hub = gevent.get_hub()

@app.before_request
def know():
    flask.g.user = "somebody"

@health.register_check("waits")
def waits():
    state["is greenlet"] = isinstance(gevent.getcurrent(), gevent.Greenlet)
    state["began"] = flask.g.user + str(gevent.get_hub() is hub)
    return released.wait(50)

@app.get("/began")
def began():
    return state["began"]

@app.get("/release")
def release():
    released.set()
    return str(state["is greenlet"])
"""


def test_under_gevent_a_probe_yields_and_its_checks_are_greenlets(tmp_path):
    """The worker's other requests are answered while a check waits; one of them ends it (65)."""
    (tmp_path / "served.py").write_text(GREENLETS)
    command = [processes.BIN / "gunicorn", "--bind", "127.0.0.1:0", "--worker-class", "gevent"]
    command += ["--workers", "1", "served:app"]
    with processes.serving(
        command, tmp_path, processes.environment("http://127.0.0.1:9")
    ) as server:
        pattern = r"Listening at: (http://127\.0\.0\.1:\d+)"
        url = server.wait_for(lambda: re.search(pattern, server.log), "listening")[1]
        server.wait_for(lambda: processes.get(f"{url}/health/ping"), "answering")
        with ThreadPoolExecutor() as pool:
            probe = pool.submit(processes.get, f"{url}/health/")
            began = server.wait_for(lambda: processes.get(f"{url}/began"), "running the check")
            assert not probe.done()
            assert processes.get(f"{url}/release") == "True"
            assert '"waits":true' in probe.result(timeout=60)
    assert began == "somebodyTrue"


@pytest.fixture(name="inline")
def fixture_inline(app):
    """Return the health of an app whose checks run in the request."""
    app.config["HEALTH_INLINE"] = True
    return Health(app)


def test_inline_checks_run_on_the_requests_own_thread(app, inline):
    """One after the other, in the order that the core likes."""
    threads = {}
    for name in ("a", "b", "c"):
        inline.register_check(
            name, lambda name=name: threads.setdefault(name, threading.get_ident())
        )
    assert app.test_client().get("/health/").json["checks"] == {"a": True, "b": True, "c": True}
    assert set(threads.values()) == {threading.get_ident()}


def test_inline_checks_that_raise_fail(app, inline):
    """As elsewhere."""
    inline.register_check("bad", lambda: 1 / 0)
    assert app.test_client().get("/health/").json["checks"] == {"bad": False}


def test_a_check_that_is_handed_over_too_late_is_not_waited_for(app, inline):
    """The request has gone with the first; nobody waits for a thread that does not come back."""
    app.config["HEALTH_BUDGET_MS"] = 20
    is_late = threading.Event()
    for name in ("first", "second"):
        inline.register_check(name, lambda: is_late.wait(0.3) or True)
    assert app.test_client().get("/health/").status_code == 503
    app.config["HEALTH_BUDGET_MS"] = 20_000
    is_late.set()
    probes = (app.test_client().get("/health/").json["checks"] for _ in range(1000))
    assert {"first": True, "second": True} in probes  # no run is stuck for good


@pytest.mark.parametrize("is_inline", [False, True])
def test_a_check_reads_what_before_request_put_into_g_and_the_session(app, is_inline):
    """And nothing that it has only borrowed is closed at its end."""
    app.config.update(HEALTH_INLINE=is_inline, SECRET_KEY="x")
    closed, seen = [], []

    @app.before_request
    def open_all():
        flask.g.db = "the request's"
        flask.session["user"] = "somebody"

    @app.teardown_appcontext
    def close_all(error):
        del error
        closed.append((threading.get_ident(), flask.g.pop("db", None), flask.g.pop("own", None)))

    health = Health(app)

    @health.register_check("reads")
    def reads():
        flask.g.own = "the check's"
        seen.append((flask.g.db, flask.session["user"]))
        return True

    assert app.test_client().get("/health/").json["checks"] == {"reads": True}
    assert seen == [("the request's", "somebody")]
    assert [what for _, *what in closed] == [[None, "the check's"], ["the request's", None]]
    assert closed[1][0] == threading.get_ident()
