"""Groups of checks, the paths that orchestrators ask, and two secrets."""

import flask
import pytest

from impact_stack.observability import health as health_


@pytest.fixture(name="make")
def fixture_make():
    """Return a function that makes an app with its health and a client."""

    def make(**config):
        app = flask.Flask("test")
        app.config.update({"HEALTH_URL_SECRET": None} | config)
        return health_.Health(app), app, app.test_client()

    return make


def test_orchestrators_have_paths_of_their_own(make):
    """Each asks for its group."""
    health, _, client = make(HEALTH_PROBES=True)
    health.register_check("loop", lambda: True, groups=("_live",), add_to_defaults=False)
    health.register_check("db", lambda: False, groups=["_ready", "_startup"])
    assert client.get("/livez").data == b"ok\n"
    assert client.get("/readyz").data.startswith(b"[-]db failed")
    assert client.get("/startupz?exclude=db").status_code == 200
    assert client.get("/livez?format=json").json["checks"] == {"loop": True}
    assert client.get("/health/").json["checks"] == {"db": False}
    assert client.get("/health/_ready").status_code == 503
    assert client.options("/readyz").status_code == 503


def test_the_paths_are_the_apps_unless_it_gave_them(make):
    """As they were."""
    _, app, client = make()
    assert client.get("/livez").status_code == 404
    app_too = flask.Flask("test")
    app_too.config["HEALTH_URL_SECRET"] = None
    health_.Health(app_too)
    app_too.add_url_rule("/readyz", view_func=lambda: "mine")
    assert app_too.test_client().get("/readyz").data == b"mine"
    del app


def test_nobody_is_ready_without_a_check(make):
    """Nothing says so."""
    _, _, client = make(HEALTH_PROBES=True)
    assert client.get("/readyz").status_code == 503
    assert client.get("/livez").status_code == 200
    assert client.get("/health/").status_code == 200


def test_groups_can_be_changed(make):
    """Register it anew; what runs goes on."""
    health, _, client = make(HEALTH_PROBES=True)
    health.register_check("a", lambda: True, groups="_ready")
    assert client.get("/readyz").status_code == 200
    health.register_check("a", lambda: True)
    assert client.get("/readyz").status_code == 503

    @health.register_check("b", groups=("_ready",))
    def check_b():
        return True

    assert client.get("/readyz?format=json").json["checks"] == {"b": True}
    assert check_b()


@pytest.mark.parametrize("group", ["ready", "", "_", "_a b", "_a,b", "_" + "x" * 64, "_ä"])
def test_what_is_no_group_is_refused(make, group):
    """By its name."""
    health, _, _ = make()
    with pytest.raises(ValueError, match="is not the name of a group"):
        health.register_check("a", lambda: True, groups=[group])


def test_two_secrets_are_good_while_one_is_changed(make):
    """Both are read at each request."""
    _, app, client = make(HEALTH_URL_SECRET="new", HEALTH_URL_SECOND_SECRET="old")
    for secret in ("new", "old"):
        assert client.get("/health/", headers={"X-Health-Secret": secret}).status_code == 200
    app.config["HEALTH_URL_SECOND_SECRET"] = None
    assert client.get("/health/?auth=new").status_code == 200
    assert client.get("/health/?auth=old").status_code == 401
    app.config["HEALTH_URL_SECOND_SECRET"] = "later"
    assert client.get("/health/?auth=later").status_code == 200
    with pytest.raises(TypeError, match="HEALTH_URL_SECOND_SECRET is of type int"):
        make(HEALTH_URL_SECOND_SECRET=5)


def test_a_probe_without_the_secret_gets_one_word(make):
    """And may ask for nothing else."""
    health, _, client = make(HEALTH_URL_SECRET="s3cret", HEALTH_PROBES=True)
    health.register_check("db", lambda: False, groups=["_ready"])
    assert client.get("/readyz").data == b"failed\n"
    assert client.get("/readyz?exclude=db").status_code == 401
    assert client.get("/readyz?verbose&auth=s3cret").data.startswith(b"[-]db failed")
