"""The modules for gunicorn and Celery: which extension they use, and on which app."""

import importlib.metadata
import types

import flask
import pytest

from impact_stack.observability import tracing
from impact_stack.observability.tracing import gunicorn, hosts

GROUP = "impact_stack_observability_tracing"


calls = []


class Recorder:
    """An extension of the application's own."""

    def init_app(self, app, resource_attributes=None):
        """Remember what it was called with."""
        calls.append((app, resource_attributes))


RECORDER = Recorder()


@pytest.fixture(name="named", params=["RECORDER", "Recorder"])
def fixture_named(request, monkeypatch):
    """Have an entry point name the extension, or its class."""
    point = importlib.metadata.EntryPoint("gunicorn", f"{__name__}:{request.param}", GROUP)
    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda group, name: [point][: name == "gunicorn"]
    )
    calls.clear()


def test_the_extension_is_that_of_the_entry_point(named):
    """gunicorn's worker has loaded the app; the resource says which server it is."""
    app = flask.Flask("served")
    gunicorn.post_worker_init(types.SimpleNamespace(app=types.SimpleNamespace(callable=app)))
    assert calls == [(app, {"wsgi_server": "gunicorn"})]
    assert gunicorn.wsgi_server == "gunicorn"
    assert isinstance(hosts.extension_for("celery"), tracing.Tracing)


def test_an_app_that_is_traced_is_left_alone(named):
    """It has done so itself, or before the fork."""
    app = flask.Flask("served")
    app.extensions["tracing"] = object()
    gunicorn.start_tracing(app, {})
    assert not calls


def test_what_is_no_flask_app_is_named(named, caplog):
    """The server goes on."""
    gunicorn.start_tracing(print, {})
    assert "is no Flask app. Cannot initialize tracing." in caplog.text
    assert not calls


def test_all_names_are_entry_points():
    """Of the installed package; the extras are those of the original."""
    distribution = importlib.metadata.distribution("impact-stack-observability")
    points = {(point.group, point.name) for point in distribution.entry_points}
    for group in ("tracer_provider", "distro", "configurator", "environment_variables"):
        assert (f"opentelemetry_{group}", "impact_stack") in points
    assert {"celery", "flask", "logging", "requests", "sqlalchemy"} <= set(
        distribution.metadata.get_all("Provides-Extra")
    )
