"""check_db and a real PostgreSQL, of which one process or all are stopped for a while (63)."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

import flask_sqlalchemy
import pytest
import sqlalchemy

from impact_stack.observability import health as health_

BIN = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), default=pathlib.Path())
DEADLINE_SECONDS = 60


def somebody():
    """Return who may run the server, which root may not."""
    return {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}


@pytest.fixture(name="server")
def fixture_server():
    """Run a server, and give the folder of its socket and its process."""
    folder = pathlib.Path(tempfile.mkdtemp())
    if somebody():
        entry = pwd.getpwnam("postgres")
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    options = ["-D", folder / "data"]
    subprocess.run(
        [BIN / "initdb", *options, "-A", "trust", "-U", "postgres", "--no-sync"],
        cwd=folder, check=True, capture_output=True, **somebody(),
    )  # fmt: skip
    process = subprocess.Popen(
        [BIN / "postgres", *options, "-k", folder, "-c", "listen_addresses=", "-F"],
        cwd=folder, stderr=subprocess.DEVNULL, **somebody(),
    )  # fmt: skip
    yield folder, process
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGQUIT)
    process.wait(DEADLINE_SECONDS)
    shutil.rmtree(folder)


@pytest.fixture(name="engine")
def fixture_engine(app, server):
    """Return the engine of an app that has the check, with one connection in its pool."""
    folder, _ = server
    app.config["SQLALCHEMY_DATABASE_URI"] = f"postgresql://postgres@/postgres?host={folder}"
    database = flask_sqlalchemy.SQLAlchemy(app)
    health_.Health(app).register_check("db", health_.checks.check_db)
    with app.app_context():
        engine = database.engine
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(sqlalchemy.exc.OperationalError), engine.connect():
            break
    yield engine
    engine.dispose()


def test_a_real_server_is_asked_by_the_core_without_the_interpreter(app, server):
    """By the check of its name, over a connection that the core keeps."""
    folder, process = server
    asked = health_.checks.provided(
        "postgresql", conninfo=f"host={folder} user=postgres dbname=postgres", timeout=20
    )
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not asked() and time.monotonic() < deadline:  # it starts
        time.sleep(0.02)
    health_.Health(app).register_check("db", asked)
    app.config["HEALTH_BUDGET_MS"] = 30_000
    assert probe(app) == 200
    process.send_signal(signal.SIGQUIT)
    process.wait(DEADLINE_SECONDS)
    assert probe(app) == 503


def probe(app):
    """Return the status of an answer."""
    return app.test_client().get("/health/").status_code


def test_a_connection_of_the_pool_that_hangs_is_no_dead_database(app, engine):
    """The check has one of its own."""
    with engine.connect() as connection:
        backend = connection.execute(sqlalchemy.text("SELECT pg_backend_pid()")).scalar()
    os.kill(backend, signal.SIGSTOP)
    try:
        assert [probe(app) for _ in range(3)] == [200, 200, 200]
    finally:
        os.kill(backend, signal.SIGCONT)


def test_a_server_that_is_stopped_fails_and_is_well_by_the_next_probe(app, engine, server):
    """More often than attempts may hang at once: those that did have ended with it."""
    del engine
    _, process = server
    for _ in range(6):
        assert probe(app) == 200
        os.kill(process.pid, signal.SIGSTOP)
        started = time.monotonic()
        assert probe(app) == 503
        assert time.monotonic() - started < 10  # the budget, on a busy machine
        os.kill(process.pid, signal.SIGCONT)
