"""The formats of a health answer, through Flask."""

import flask
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from impact_stack.observability import health as health_


@pytest.fixture(name="health")
def fixture_health(app):
    """Return a Health with a check that holds and one that does not."""
    health = health_.Health(app)
    health.register_check("good", health_.checks.check_true)
    health.register_check("bad", lambda: 1 / 0)
    return health


@pytest.fixture(name="client")
def fixture_client(app, health):
    """Return a client of the app."""
    del health
    return app.test_client()


def test_a_browser_gets_the_page(client):
    """With the policy that allows nothing but its own."""
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    response = client.get("/health/", headers={"Accept": accept})
    assert response.status_code == 503
    assert response.content_type == "text/html; charset=utf-8"
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "<h2><bdi>good</bdi></h2>" in response.text
    assert "1 failing, 1 OK" in response.text
    assert client.head("/health/?format=html").data == b""


def test_a_scrape_reads_what_is_known(client):
    """200 whatever it is, and no check runs for it."""
    scrape = {"Accept": "application/openmetrics-text;version=1.0.0"}
    first = client.get("/health/", headers=scrape)
    assert first.status_code == 200
    assert 'health_check_status="unknown"} 1' in first.text
    assert client.get("/health/").status_code == 503
    text = client.get("/health/", headers=scrape).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    ups = {s.labels["check"]: s.value for s in families["health_check_up"].samples}
    assert ups == {"good": 1, "bad": 0}


@pytest.mark.parametrize("form", ["text", "html", "health-json"])
def test_why_a_check_fails_is_told_to_who_knows_the_secret(app, client, form):
    """Where there is none, to nobody, unless the app wants it."""
    said = "it raised ZeroDivisionError"
    assert said not in client.get(f"/health/?format={form}").text
    app.config["HEALTH_URL_SECRET"] = "s3cret"
    assert said in client.get(f"/health/?format={form}&auth=s3cret").text
    open_app = flask.Flask("open")
    open_app.config.update(HEALTH_URL_SECRET=None, HEALTH_SHOWS_EXPLANATIONS=True)
    health_.Health(open_app).register_check("bad", lambda: 1 / 0)
    assert said in open_app.test_client().get(f"/health/?format={form}").text
