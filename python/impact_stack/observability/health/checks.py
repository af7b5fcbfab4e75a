"""The checks that come with the package. Each returns whether the thing holds."""

from typing import Any

import requests

from .. import logger
from .attempt import Attempts
from .deadline import Deadline, session_within
from .provided import Provided

DEFAULT_BUDGET_MS = 900  # the core's

_connections = Attempts(limit=4)  # to databases, that may hang at once


def check_true() -> bool:
    """Hold always."""
    return True


def check_false() -> bool:
    """Hold never."""
    return False


def check_db() -> bool:
    """Hold if the database of Flask-SQLAlchemy answers, by a connection that is made for this.

    What the app has lent out, and what hangs in its pool, says nothing about the database.
    """
    import flask  # only here: an app without Flask has the other checks

    extension = flask.current_app.extensions.get("sqlalchemy")
    if extension is None:
        logger.warning("There is no database to check: this app has no Flask-SQLAlchemy")
        return False
    # Flask-SQLAlchemy 2 keeps a state object there that holds the extension.
    db = getattr(extension, "db", extension)
    try:
        engine = db.engine
        budget_ms = flask.current_app.config.get("HEALTH_BUDGET_MS") or DEFAULT_BUDGET_MS
        # Who gives up in time, in most of the budget, can be asked again by the next probe.
        return _connections.within(budget_ms * 0.8 / 1000, lambda: _answers(engine))
    except Exception as error:
        logger.warning("The database does not answer: %s: %s", type(error).__name__, error)
        return False


def _answers(engine: Any) -> bool:
    """Connect as the engine's pool would, and ask what the database's dialect asks."""
    pool = engine.pool.recreate()
    try:
        connection = pool.connect()
        try:
            return bool(engine.dialect.do_ping(connection.dbapi_connection))
        finally:
            connection.close()
    finally:
        pool.dispose()


def _shown(url: str) -> str:
    """Return the URL without what may be secret: its credentials, its query and its fragment."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("?")[0].partition("#")[0].partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def base_check_api_liveliness(
    method: str, url: str, status_code: int = 200, timeout: float = 3.0, **kwargs: Any
) -> bool:
    """Hold if the URL answers with exactly this status. Use it with `functools.partial`.

    `timeout` is that of the whole request. The body is not read.
    """
    try:
        with Deadline(timeout) as deadline, session_within(deadline) as session:
            response = session.request(method, url, timeout=timeout, **{"stream": True, **kwargs})
            response.close()
    except requests.RequestException as error:
        logger.warning("%s does not answer: %s", _shown(url), type(error).__name__)
        return False
    if deadline.is_over:
        logger.warning("%s took longer than %g s", _shown(url), timeout)
        return False
    if response.status_code != status_code:
        logger.warning("%s answers %d", _shown(url), response.status_code)
        return False
    return True


def provided(kind: str, *, timeout: float | None = None, **options: Any) -> Provided:
    """Return a check that the core runs, without the interpreter: register it as any other.

    `kind` is "disk", "dns", "file_age", "http", "load", "mariadb", "memory", "ntp", "postgresql",
    "process", "program", "rabbitmq", "redis", "sqlite", "tcp", "telemetry" or "tls"; the options
    are those of impact_checks(3) and the pages beside it, such as
    `provided("redis", address="queue:6379")` and `provided("disk", path="/", fail_percent=95)`.
    `timeout`, in seconds, is the probe's budget unless given. What is wrong raises a TypeError or a
    ValueError here, and an ImportError where the library that a database's check needs is missing.
    """
    return Provided(kind, timeout, options)
