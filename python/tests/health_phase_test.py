"""The phase of a process, and what the service says of itself."""

import urllib.error
import urllib.request

import flask
import pytest

from impact_stack.observability.health import Health
from impact_stack.observability.health.wsgi import HealthMiddleware, checks

FAILS_AT_ONCE = "x-envoy-immediate-health-check-fail"


@pytest.fixture(name="health")
def fixture_health(app):
    """Return a Health with a check in each group."""
    app.config["HEALTH_PROBES"] = True
    health = Health(app)
    health.register_check("a", checks.check_true, groups=["_live", "_ready", "_startup"])
    return health


def statuses(client):
    """Return those of the probes: live, ready, started."""
    return tuple(client.get(path).status_code for path in ("/livez", "/readyz", "/startupz"))


def test_each_phase_holds_back_what_it_should(app, health):
    client = app.test_client()
    assert (health.phase, statuses(client)) == ("serving", (200, 200, 200))
    health.phase = "starting"
    assert statuses(client) == (200, 503, 503)
    health.phase = "draining"
    assert (health.phase, statuses(client)) == ("draining", (200, 503, 200))
    assert client.get("/health/").headers[FAILS_AT_ONCE] == "true"
    health.phase = "serving"
    assert statuses(client) == (200, 200, 200)
    assert FAILS_AT_ONCE not in client.get("/health/").headers


def test_a_phase_that_is_none_is_refused_and_changes_nothing(app, health):
    for phase in ("drained", "", None, 2):
        with pytest.raises(ValueError, match="none of the phases"):
            health.phase = phase
    assert statuses(app.test_client()) == (200, 200, 200)


def test_a_phase_that_was_said_before_counts_for_all_apps():
    health = Health()
    health.register_check("a", checks.check_true, groups=["_ready"])
    health.phase = "draining"
    for name in ("one", "two"):
        app = flask.Flask(name)
        app.config.update(HEALTH_URL_SECRET=None, HEALTH_PROBES=True)
        health.init_app(app)
        assert app.test_client().get("/readyz").status_code == 503


def test_a_port_of_its_own_knows_the_phase_at_once(app, caplog):
    caplog.set_level("INFO")
    app.config["HEALTH_LISTEN"] = "127.0.0.1:0"
    health = Health(app)
    health.register_check("a", checks.check_true, groups=["_ready"])
    endpoint = app.view_functions["health.answer"].__self__
    port = endpoint.current_registry().port()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/readyz", timeout=30) as answer:
        assert answer.status == 200
    health.phase = "draining"
    with pytest.raises(urllib.error.HTTPError) as raised:
        opener.open(f"http://127.0.0.1:{port}/readyz", timeout=30)
    raised.value.close()
    assert raised.value.code == 503


def test_the_middleware_has_phases_too():
    started = []
    health = HealthMiddleware(None, {"HEALTH_URL_SECRET": None, "HEALTH_PROBES": True})
    health.register_check("a", checks.check_true, groups=["_ready"])
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/readyz", "QUERY_STRING": ""}
    for phase in ("serving", "draining"):
        health.phase = phase
        health(environ, lambda status, headers: started.append(status))
    assert started == ["200 OK", "503 Service Unavailable"]


def test_an_answer_says_which_service_it_is_where_that_is_configured(app):
    app.config.update(
        HEALTH_SERVICE_ID="shop",
        HEALTH_VERSION="1",
        HEALTH_RELEASE_ID="1.4",
        HEALTH_DESCRIPTION="é",
    )
    Health(app)
    answer = app.test_client().get("/health/?format=health-json")
    report = answer.get_json(force=True)
    assert [report[key] for key in ("serviceId", "version", "releaseId", "description")] == [
        "shop", "1", "1.4", "é",
    ]  # fmt: skip
    assert answer.headers["x-envoy-upstream-healthchecked-cluster"] == "shop"


@pytest.mark.parametrize("value", [b"shop", 1, "a\nb", "a\0b", "é", "a" * 256])
def test_what_cannot_be_its_name_is_refused_when_the_app_is_made(app, value):
    app.config["HEALTH_SERVICE_ID"] = value
    with pytest.raises((TypeError, ValueError)):
        Health(app)
