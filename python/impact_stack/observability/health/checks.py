"""The checks that come with the package. Each returns whether the thing holds."""

from typing import Any

import flask
import requests


def check_true() -> bool:
    """Hold always."""
    return True


def check_false() -> bool:
    """Hold never."""
    return False


def check_db() -> bool:
    """Hold if the database of Flask-SQLAlchemy answers `SELECT 1`."""
    extension = flask.current_app.extensions.get("sqlalchemy")
    if extension is None:
        return False
    # Flask-SQLAlchemy 2 keeps a state object there that holds the extension.
    db = getattr(extension, "db", extension)
    try:
        with db.engine.connect() as connection:
            return bool(connection.execute(_select_one()).scalar() == 1)
    except Exception:  # pylint: disable=broad-exception-caught
        return False


def _select_one() -> Any:
    """Return the statement; SQLAlchemy is imported only where it is used."""
    import sqlalchemy  # pylint: disable=import-outside-toplevel

    return sqlalchemy.text("SELECT 1")


def base_check_api_liveliness(
    method: str, url: str, status_code: int = 200, timeout: float = 3.0, **kwargs: Any
) -> bool:
    """Hold if the URL answers with exactly this status. Use it with `functools.partial`."""
    try:
        response = requests.request(method, url, timeout=timeout, **kwargs)
    except requests.RequestException:
        return False
    return response.status_code == status_code
