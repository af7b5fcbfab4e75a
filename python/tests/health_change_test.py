"""What changes while a check runs: the others are not touched, and nothing that is said is lost."""

import threading
import time

import pytest

from impact_stack.observability import health as health_

PATIENCE_S = 30


class Held:
    """A check that waits until it is let go, and then holds."""

    def __init__(self):
        self.begun = threading.Semaphore(0)
        self.released = threading.Event()
        self.runs = 0

    def __call__(self):
        self.runs += 1
        self.begun.release()
        return self.released.wait(PATIENCE_S)


@pytest.fixture(name="held")
def fixture_held():
    """Return a check that is let go when the test ends."""
    held = Held()
    yield held
    held.released.set()


@pytest.fixture(name="health")
def fixture_health(app, held):
    """Return a Health with a check that is held, between two that are not."""
    app.config["HEALTH_BUDGET_MS"] = PATIENCE_S * 1000
    health = health_.Health(app)
    health.register_check("first", health_.checks.check_true)
    health.register_check("held", held)
    health.register_check("last", health_.checks.check_true)
    return health


class Asker(threading.Thread):
    """Asks for the check that is held."""

    def __init__(self, app):
        super().__init__()
        self.client = app.test_client()
        self.answer = None

    def run(self):
        self.answer = self.client.get("/health/?checks=held&auth=old")


def remove_one(app, health):
    """Take out the check before it."""
    del app
    del health.checks["first"]
    health.default_checks.remove("first")


def replace_one(app, health):
    """Put in another check under the name of one."""
    del app, health.checks["first"]
    health.checks["first"] = health_.checks.check_true


def change_the_defaults(app, health):
    """Make what runs no default any more."""
    del app
    health.default_checks.remove("held")


def turn_round(app, health):
    """Give the checks another order."""
    del app
    health.checks = dict(reversed(health.checks.items()))


def rotate_the_secret(app, health):
    """Ask for a secret from now on."""
    del health
    app.config["HEALTH_URL_SECRET"] = "old"


def be_strict(app, health):
    """Mind unknown names from now on."""
    del health
    app.config["HEALTH_STRICT"] = True


def set_the_budget(app, health):
    """Give the checks another limit."""
    del health
    app.config["HEALTH_BUDGET_MS"] = 2 * PATIENCE_S * 1000


@pytest.mark.parametrize(
    "change",
    [
        remove_one,
        replace_one,
        change_the_defaults,
        turn_round,
        rotate_the_secret,
        be_strict,
        set_the_budget,
    ],
)
def test_a_check_that_runs_is_untouched_by_what_changes_beside_it(app, health, held, change):
    """Its run is shared by those who ask before and after, and holds for both."""
    before = Asker(app)
    before.start()
    assert held.begun.acquire(timeout=PATIENCE_S)
    change(app, health)
    assert app.test_client().get("/health/?checks=last&auth=old").json["checks"] == {"last": True}
    after = Asker(app)
    after.start()
    waiting = app.view_functions["health.answer"].__self__._answering
    while after.is_alive() and len(waiting) < 2:
        pass
    held.released.set()
    for asker in (before, after):
        asker.join(PATIENCE_S)
        assert asker.answer.status_code == 200
        assert asker.answer.json["checks"] == {"held": True}
    assert held.runs <= 2  # the second when the first is over before the engine is asked


def test_what_is_changed_is_seen_by_the_next_request(app, health, held):
    """In the order of the dict."""
    held.released.set()
    client = app.test_client()
    turn_round(app, health)
    assert client.get("/health/").json["available_checks"] == ["last", "held", "first"]
    change_the_defaults(app, health)
    assert list(client.get("/health/").json["checks"]) == ["last", "first"]
    rotate_the_secret(app, health)
    assert client.get("/health/").status_code == 401
    assert client.get("/health/?auth=old").status_code == 200
    app.config["HEALTH_URL_SECRET"] = "new"
    assert client.get("/health/?auth=old").status_code == 401
    assert client.get("/health/?auth=new").status_code == 200
    app.config["HEALTH_URL_SECRET"] = None
    be_strict(app, health)
    assert client.get("/health/?checks=nobody").status_code == 404


def test_twenty_checks_that_hang_at_once_are_all_named_in_the_log(app, held, caplog):
    """None is lost on the way from the core."""
    app.config["HEALTH_BUDGET_MS"] = 300
    health = health_.Health(app)
    names = [f"hung{number}" for number in range(20)]
    for name in names:
        health.register_check(name, held)
    client = app.test_client()
    assert client.get("/health/").status_code == 503
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and not all(name in caplog.text for name in names):
        client.get("/health/ping")
    assert [name for name in names if f"check {name} " not in caplog.text] == []


def test_twenty_good_checks_are_healthy_side_by_side(app):
    """As many as there are: none waits for a thread that another has."""
    health = health_.Health(app)
    together = threading.Barrier(20)

    def meet():
        together.wait(PATIENCE_S)
        return True

    for number in range(20):
        health.register_check(f"c{number}", meet)
    assert app.test_client().get("/health/").status_code == 200


def test_a_check_that_needs_longer_than_the_budget_answers_the_same_each_time(app):
    """Once it is known to hold: not 200 and 503 in turn."""
    health = health_.Health(app)
    held = Held()
    held.released.set()
    health.register_check("slow", held)
    client = app.test_client()
    assert client.get("/health/").status_code == 200
    held.released.clear()
    for _ in range(2):
        response = client.get("/health/")
        assert response.status_code == 200
        assert response.json["checks"] == {"slow": True}
        assert response.json["pending_checks"]["slow"] >= 0
