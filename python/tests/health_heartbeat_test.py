"""Heartbeats: a loop that does not turn is not alive, and whoever asks is told."""

import asyncio
import os
import subprocess
import sys
import threading
import urllib.request

import flask
import pytest

from impact_stack.observability import _core
from impact_stack.observability.health import Health
from impact_stack.observability.health.wsgi import HealthMiddleware

PATIENCE = 600  # seconds that no machine is late
MOMENT = 0.01


def app_with(health, **config):
    """Return a new app with this Health."""
    app = flask.Flask("test")
    app.config.update(HEALTH_URL_SECRET=None, **config)
    health.init_app(app)
    return app


def holds(app, name="loop"):
    """Return what the app says of the check."""
    return app.test_client().get("/health/").json["checks"][name]


def wait_until(is_so):
    """Ask again and again."""
    while not is_so():
        threading.Event().wait(0.002)


def test_what_beats_holds_and_what_stops_fails_and_holds_with_its_next_beat(app):
    health = Health(app)
    loop = health.heartbeat("loop", max_age=MOMENT)

    def is_felt():
        loop.beat()
        return holds(app)

    for _ in range(3):
        wait_until(lambda: not holds(app))
        assert not loop()
        wait_until(is_felt)


def test_it_holds_until_its_first_beat_is_late(app):
    health = Health(app)
    late, patient = health.heartbeat("loop", max_age=MOMENT), health.heartbeat("p", max_age=9999)
    assert holds(app, "p") and patient()
    wait_until(lambda: not holds(app))
    assert holds(app, "p") and not late()


def test_what_beats_is_not_pending(app):
    """Its result is the one of now, for which nothing is run."""
    health = Health(app)
    health.heartbeat("loop", max_age=PATIENCE).beat()
    assert "pending_checks" not in app.test_client().get("/health/").json


def test_all_apps_of_a_health_feel_it():
    """Also one that comes later, and one that goes."""
    health = Health()
    loop = health.heartbeat("loop", max_age=MOMENT)
    apps = [app_with(health) for _ in range(2)]
    wait_until(lambda: not any(holds(app) for app in apps))
    apps.append(app_with(health))

    def are_all_alive():
        loop.beat()
        return all(holds(app) for app in apps)

    wait_until(are_all_alive)
    del apps[0]
    wait_until(are_all_alive)


def test_its_time_begins_when_the_app_has_it():
    """Not when somebody asks for the first time."""
    before, after = Health(), Health()
    before.heartbeat("loop", max_age=MOMENT)
    apps = [app_with(before), app_with(after)]
    after.heartbeat("loop", max_age=MOMENT)
    threading.Event().wait(10 * MOMENT)
    assert [holds(app) for app in apps] == [False, False]


def test_it_is_in_its_groups(app):
    app.config["HEALTH_PROBES"] = True
    health = Health(app)
    health.heartbeat("loop", max_age=PATIENCE, groups=["_live"], add_to_defaults=False)
    assert app.test_client().get("/livez").status_code == 200
    assert app.test_client().get("/health/").json["checks"] == {}


def test_it_may_be_moved_taken_out_and_put_back(app):
    """And is none the worse: its age stays its own."""
    health = Health(app)
    loop = health.heartbeat("loop", max_age=MOMENT)
    wait_until(lambda: not holds(app))
    health.register_check("first", lambda: True)
    health.checks["loop"] = health.checks.pop("loop")
    assert not holds(app)
    taken = health.checks.pop("loop")
    assert "loop" not in app.test_client().get("/health/?checks=_defaults").json["available_checks"]
    health.checks["loop"] = taken

    def is_felt():
        loop.beat()
        return holds(app)

    wait_until(is_felt)
    wait_until(lambda: not holds(app))


def test_an_event_loop_that_is_blocked_is_not_alive():
    """The loop that turns beats; the probe comes from elsewhere."""
    application = HealthMiddleware(lambda *_: [], {"HEALTH_URL_SECRET": None})
    turning = application.heartbeat("loop", max_age=MOMENT)
    is_blocked, go_on = threading.Event(), threading.Event()

    async def serve():
        while not go_on.is_set():
            turning.beat()
            await asyncio.sleep(0)
        is_blocked.set()

    def status():
        said = []
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/health/", "QUERY_STRING": ""}
        application(environ, lambda line, _headers: said.append(line))
        return said[0][:3]

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    wait_until(lambda: status() == "200")
    go_on.set()
    is_blocked.wait()
    wait_until(lambda: status() == "503")
    thread.join()


def test_the_port_of_its_own_tells_of_it(caplog):
    """Without the app's workers."""
    caplog.set_level("INFO")
    health = Health()
    app = app_with(health, HEALTH_LISTEN="127.0.0.1:0")
    health.heartbeat("loop", max_age=MOMENT)
    port = int(caplog.text.rpartition("answers on port ")[2].split()[0])
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def shown():
        url = f"http://127.0.0.1:{port}/health/?format=openmetrics"
        return opener.open(url, timeout=60).read().decode()

    wait_until(lambda: 'health_check_up{check="loop"} 0' in shown())
    del app


def test_a_forked_child_begins_anew(app):
    """What its parent missed is not its own fault."""
    health = Health(app)
    health.heartbeat("loop", max_age=MOMENT)
    lasting = health.heartbeat("lasting", max_age=PATIENCE)
    wait_until(lambda: not holds(app))
    lasting.beat()
    child = os.fork()
    if child == 0:
        lasting.beat()
        os._exit(0 if holds(app, "lasting") else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("age", [0, -1, 0.001, 1e9, float("nan"), float("inf"), "1", None, True])
def test_what_is_no_age_is_refused(app, age):
    """At once, and nothing is registered."""
    health = Health(app)
    with pytest.raises(ValueError, match="max_age is"):
        health.heartbeat("loop", max_age=age)
    assert health.checks == {}


def test_what_is_no_name_and_no_group_is_refused(app):
    health = Health(app)
    with pytest.raises(ValueError, match="cannot be asked for"):
        health.heartbeat("a,b", max_age=1)
    with pytest.raises(ValueError, match="is not the name of a group"):
        health.heartbeat("a", max_age=1, groups=["live"])
    assert health.checks == {}


def test_a_registry_takes_pulses_and_nothing_else():
    registry = _core.HealthRegistry(lambda name: name, prefix="/health", secret=None)
    with pytest.raises(TypeError):
        registry.add_heartbeat("loop", "_defaults", 1000, object())
    pulse = _core.Pulse()
    registry.add_heartbeat("loop", "_defaults", 1000, pulse)
    with pytest.raises(ValueError, match="loop"):
        registry.add_heartbeat("loop", "_defaults", 1000, pulse)
    with pytest.raises(ValueError, match="none"):  # no age: nothing that it could miss
        registry.add_heartbeat("none", "_defaults", 0, pulse)
    assert registry.answer("GET", "/health/none", b"", [])[0] == 404
    del registry
    pulse.beat()
    assert 0 <= pulse.age() < PATIENCE


def test_registries_that_are_gone_leave_nothing_in_a_pulse():
    """A factory may make any number of apps with one Health."""
    script = """
import resource
from impact_stack.observability import _core
pulse = _core.Pulse()
def rounds(count):
    for _ in range(count):
        registry = _core.HealthRegistry(lambda name: name, prefix="/health", secret=None)
        for name in "abcdefgh":
            registry.add_heartbeat(name, "_defaults", 1000, pulse)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
first = rounds(200)
print(rounds(1000) - first)
"""
    grown = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True).stdout
    assert int(grown) < 512  # KiB, of 8000 pulses
