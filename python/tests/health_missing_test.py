"""Health fails closed: no answer is green while a check that is wanted is not in the registry."""

import logging

import flask
import pytest

from impact_stack.observability import _core
from impact_stack.observability import health as health_

LIMIT = 1024  # checks in a registry of the core


@pytest.fixture(name="health")
def fixture_health(app):
    """Return a Health with one check, a default that holds."""
    health = health_.Health(app)
    health.register_check("true", health_.checks.check_true)
    return health


@pytest.fixture(name="client")
def fixture_client(app, health):
    """Return a client of the app."""
    del health
    return app.test_client()


def messages(caplog):
    """Return what the package has logged as an error."""
    return [r.getMessage() for r in caplog.records if r.levelno == logging.ERROR]


@pytest.mark.parametrize("name", ["a,b", "true\0b", "_mine", "", "x" * 65, "käse\0", 5])
@pytest.mark.parametrize("query", ["", "?checks=true", "?checks=", "?checks=_defaults"])
def test_a_name_that_the_core_cannot_hold_fails_every_answer(client, health, caplog, name, query):
    """Put in by hand. The others are answered for, and it is named: in the log once."""
    health.checks[name] = health_.checks.check_true
    health.checks["last"] = health_.checks.check_false
    health.default_checks += [name, "last"]
    for _ in range(2):
        response = client.get("/health/" + query)
        assert response.status_code == 503
        assert response.json["health"] == "degraded"
        assert response.json["checks"][str(name)] is False
        assert response.json["available_checks"] == ["true", "last"]
    if query in ("", "?checks=_defaults"):
        assert response.json["checks"] == {"true": True, "last": False, str(name): False}
    assert messages(caplog) == [
        f"Health check {name!r} is left out: it cannot be asked for in a URL"
    ]
    del health.checks[name], health.checks["last"]
    health.default_checks[:] = ["true"]
    assert client.get("/health/" + query).status_code == 200


def test_a_name_with_a_null_is_not_the_name_before_it(client, health):
    """Names carry their size."""
    health.checks["true\0"] = health_.checks.check_false
    health.default_checks.append("true\0")
    assert client.get("/health/").json["checks"] == {"true": True, "true\0": False}


def test_the_check_after_the_last_that_fits_fails_every_answer(client, health, caplog):
    """The core holds 1,024. It says which, and runs the others."""
    for number in range(LIMIT):
        health.register_check(f"c{number}", health_.checks.check_true, add_to_defaults=False)
    last = f"c{LIMIT - 1}"
    response = client.get("/health/")
    assert response.status_code == 503
    assert response.json["checks"] == {"true": True, last: False}
    response = client.get(f"/health/?checks=c0,{last}")
    assert response.status_code == 503
    assert response.json["checks"] == {"c0": True, last: False}
    assert len(messages(caplog)) == 1 and repr(last) in messages(caplog)[0]
    del health.checks["c7"]
    response = client.get(f"/health/?checks={last}")
    assert (response.status_code, response.json["checks"]) == (200, {last: True})


@pytest.mark.parametrize("query", ["", "?checks=_defaults", "?checks=true,_defaults", "?checks=db"])
def test_a_default_that_is_not_registered_fails_where_it_is_asked_for(
    client, health, caplog, query
):
    """Never registered, or taken out."""
    health.default_checks.append("db")
    response = client.get("/health/" + query)
    assert response.status_code == 503
    assert response.json["health"] == "degraded"
    assert response.json["checks"]["db"] is False
    assert messages(caplog) == ["Health check 'db' is a default, and is not registered"]
    health.register_check("db", health_.checks.check_true)
    assert client.get("/health/" + query).status_code == 200
    del health.checks["db"]
    assert client.get("/health/" + query).status_code == 503


def test_a_default_that_is_not_registered_leaves_answers_alone_that_do_not_ask_for_it(
    client, health
):
    """A check that fails would not be in them either."""
    health.default_checks.append("db")
    assert client.get("/health/?checks=true").status_code == 200
    assert client.get("/health/?checks=").status_code == 200
    assert client.get("/health/ping").data == b"pong"
    assert client.get("/health/nothing").status_code == 404


def test_head_has_the_status_of_get(client, health):
    """Without the body that names what is missing."""
    health.default_checks.append("db")
    response = client.head("/health/")
    assert (response.status_code, response.data) == (503, b"")
    assert client.head("/health/ping").status_code == 200


def test_what_is_missing_is_told_to_those_only_who_may_know(app, client, health):
    """An answer that is no report stays as it is."""
    app.config["HEALTH_URL_SECRET"] = "s3cret"
    health.default_checks.append("db")
    response = client.get("/health/")
    assert response.status_code == 401
    assert b"db" not in response.data


def test_before_any_check_is_registered_an_answer_is_green():
    """Nothing is wanted, and nothing fails."""
    app = flask.Flask("x")
    app.config["HEALTH_URL_SECRET"] = None
    health_.Health(app)
    for query in ("", "?checks="):
        response = app.test_client().get("/health/" + query)
        assert response.status_code == 200
        assert response.json == {"available_checks": [], "checks": {}, "health": "running"}


@pytest.mark.parametrize("name", ["a\0b", "\0"])
def test_the_core_refuses_a_name_with_a_null(name):
    """It would take the name up to there."""
    registry = _core.HealthRegistry(
        lambda name: None, prefix="/health", secret=None, ignores_unknown_checks=True, budget_ms=0
    )
    with pytest.raises(ValueError, match="null character"):
        registry.add(name, "_defaults")
    with pytest.raises(ValueError, match="null character"):
        registry.change(name, "_defaults")
    with pytest.raises(ValueError, match="null character"):
        registry.remove(name)
    assert not _core.is_check_name(name)


@pytest.mark.parametrize(
    "accept", ["text/plain", "application/health+json", "text/html", "image/png"]
)
@pytest.mark.parametrize("query", ["", "?format=text", "?format=html"])
def test_no_format_is_green_while_something_is_missing(client, health, accept, query):
    """The answer is JSON then, which names it."""
    health.default_checks.append("nobody")
    response = client.get("/health/" + query, headers={"Accept": accept})
    assert response.status_code == 503
    assert response.json["checks"] == {"true": True, "nobody": False}


def test_a_probe_is_not_ready_while_something_is_missing():
    """And alive: a new start would find the same. Who does not know the secret hears it too."""
    app = flask.Flask("test")
    app.config.update(HEALTH_URL_SECRET="s3cret", HEALTH_PROBES=True)
    health = health_.Health(app)
    health.register_check("true", health_.checks.check_true, groups=["_ready"])
    client = app.test_client()
    assert client.get("/readyz").data == b"ok\n"
    health.checks["a,b"] = health_.checks.check_true
    assert (client.get("/readyz").status_code, client.get("/readyz").data) == (503, b"failed\n")
    known = client.get("/readyz", headers={"X-Health-Secret": "s3cret"})
    assert (known.status_code, known.json["checks"]) == (503, {"true": True, "a,b": False})
    assert client.get("/livez").status_code == 200
