"""What is configured wrong is said by its name, and opens no door."""

import pytest

from impact_stack.observability import health as health_
from impact_stack.observability.health import settings

WRONG = [5, 0, False, True, b"bytes", ["list"], "a\0b", "\ud800"]


@pytest.fixture(autouse=True)
def fixture_unsaid_settings():
    """What was said once in another test is said again."""
    settings._say_once.cache_clear()


@pytest.mark.parametrize("wrong", WRONG)
def test_a_secret_that_is_none_is_refused_by_its_name(app, wrong):
    """And nothing is left behind."""
    app.config["HEALTH_URL_SECRET"] = wrong
    with pytest.raises((TypeError, ValueError), match="HEALTH_URL_SECRET"):
        health_.Health(app)
    assert "health" not in app.extensions and "health" not in app.blueprints


@pytest.mark.parametrize("wrong", [5, None, b"/health", "/he\0alth", "/", "", "x", "/a,b", "/ä"])
def test_a_prefix_that_is_none_is_refused_by_its_name(app, wrong):
    """Not by an attribute that it has not."""
    with pytest.raises((TypeError, ValueError), match="url_prefix"):
        health_.Health(app, url_prefix=wrong)
    assert "health" not in app.extensions


@pytest.mark.parametrize("former", [None, "old"])
@pytest.mark.parametrize("wrong", WRONG)
def test_a_secret_that_becomes_wrong_lets_nobody_in(app, caplog, former, wrong):
    """Neither those who have the former one, nor those who know the wrong one. It is said once."""
    app.config["HEALTH_URL_SECRET"] = former
    health_.Health(app)
    client = app.test_client()
    assert client.get("/health/?auth=old").status_code == 200
    app.config["HEALTH_URL_SECRET"] = wrong
    for auth in ("", "old", "5", "bytes", "a", "a%00b", "None", "False"):
        assert client.get(f"/health/?auth={auth}").status_code == 401
    assert sum("HEALTH_URL_SECRET" in record.message for record in caplog.records) == 1
    assert client.get("/health/ping").status_code == 200
    app.config["HEALTH_URL_SECRET"] = "new"
    assert client.get("/health/?auth=new").status_code == 200


@pytest.mark.parametrize("secret", ["schlüssel", "鍵", "caf\xe9 \u2603"])
def test_a_secret_may_be_any_text(app, secret):
    """As a bearer token its bytes are UTF-8, as curl sends them."""
    app.config["HEALTH_URL_SECRET"] = secret
    health_.Health(app)
    client = app.test_client()
    sent = secret.encode().decode("latin-1")
    answer = client.get("/health/", headers={"Authorization": f"Bearer {sent}"})
    assert answer.status_code == 200
    wrong = client.get("/health/", headers={"Authorization": f"Bearer {sent[:-1]}"})
    assert wrong.status_code == 401
    assert client.get("/health/", query_string={"auth": secret}).status_code == 200


@pytest.mark.parametrize("result", [(False, "text"), (True, "text"), ()])
def test_a_check_that_returns_a_tuple_fails(app, caplog, result):
    """It means (False, why) somewhere else, and would be true."""
    health_.Health(app).register_check("odd", lambda: result)
    answer = app.test_client().get("/health/")
    assert answer.status_code == 503 and answer.json["checks"] == {"odd": False}
    assert "returned a tuple" in caplog.text


@pytest.mark.parametrize("result", [False, None, 0, ""])
def test_what_a_check_returned_is_the_reason_in_the_log(app, caplog, result):
    """Where it has given no other."""
    health_.Health(app).register_check(f"returns {result!r}", lambda: result)
    assert app.test_client().get("/health/").status_code == 503
    assert f"it returned {result!r}" in caplog.text
