"""What `before_request` put into flask.g, in the app context of a check."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import flask


@contextmanager
def shared_globals(app: flask.Flask) -> Iterator[None]:
    """Push an app context that shows what is in the request's flask.g.

    It is the request's and stays so: when the context goes, its teardown functions see only what
    the check itself has put there, and close nothing that another still uses.
    """
    shared = {name: flask.g.get(name) for name in flask.g} if flask.has_app_context() else {}
    with app.app_context():
        for name, value in shared.items():
            setattr(flask.g, name, value)
        try:
            yield
        finally:
            for name, value in shared.items():
                if flask.g.get(name) is value:
                    flask.g.pop(name, None)
