"""Health checks for any WSGI app: a middleware that answers for the health paths itself.

    application = HealthMiddleware(application, {"HEALTH_URL_SECRET": os.environ["HEALTH_SECRET"]})
    application.register_check("db", check_db, groups=["_ready"])

It needs no Flask.
"""

from __future__ import annotations

import asyncio
import http
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs

from . import checks
from .access_log import ProbeFilter, leave_probes_out
from .answers import Answers, Request
from .registered import Checks

__all__ = ["HealthMiddleware", "ProbeFilter", "checks"]

WSGIApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class HealthMiddleware(Checks):
    """A WSGI app that answers for the health of another one, and gives it all other requests.

    `config` has the settings that a Flask app has, by the same names; `HEALTH_URL_SECRET` must be
    among them. It may be changed at any time.
    """

    def __init__(
        self, app: WSGIApp, config: Mapping[str, Any], url_prefix: str = "/health"
    ) -> None:
        super().__init__()
        self._app = app
        self._answers = _WSGIAnswers(self, config, url_prefix)
        if config.get("HEALTH_LISTEN") is not None:
            self._answers.listen(config["HEALTH_LISTEN"])
        if not config.get("HEALTH_ACCESS_LOG", True):
            for path in self._answers.paths:
                leave_probes_out(path)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = _request_of(environ)
        if not self._is_ours(request.path):
            return self._app(environ, start_response)
        answered = self._answers.respond(request)
        if answered is None:
            return self._app(environ, start_response)
        status, headers, body = answered
        if request.method != "HEAD":  # the length of the GET's body is not known here
            headers = [*headers, ("Content-Length", str(len(body)))]
        start_response(f"{status} {http.HTTPStatus(status).phrase}", headers)
        return [body]

    def _is_ours(self, path: str) -> bool:
        return any(path == own or path.startswith(own + "/") for own in self._answers.paths)


class _WSGIAnswers(Answers):
    """The answers of an app without a framework."""

    def call_check(self, check: Callable[[], Any]) -> Any:
        """Call a check; a coroutine function in an event loop of its own."""
        if inspect.iscoroutinefunction(check):
            return asyncio.run(check())
        return check()


def _request_of(environ: Mapping[str, Any]) -> Request:
    query = environ.get("QUERY_STRING", "").encode("latin-1", "replace")
    path = environ.get("PATH_INFO", "").encode("latin-1", "replace")
    checks_asked = parse_qs(query.decode(errors="replace"), keep_blank_values=True).get("checks")
    return Request(
        method=environ.get("REQUEST_METHOD", "GET"),
        path=path.decode(errors="surrogateescape"),
        query=query,
        checks=checks_asked[0] if checks_asked else None,
        headers=[
            (name[5:].replace("_", "-"), value.encode("latin-1", "replace"))
            for name, value in environ.items()
            if name.startswith("HTTP_")
        ],
    )
