"""The health paths of a Flask app: glue between Flask and the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import flask
import flask.blueprints
import werkzeug.routing

from .answers import Answers, Request
from .globals import shared_globals

if TYPE_CHECKING:
    from .extension import Health


class _Rest(werkzeug.routing.PathConverter):
    """All below a path. Werkzeug's own begins with no slash: it makes a doubled one one, by a
    redirect that is made of Host, and that load balancers take for health."""

    regex = ".*"
    part_isolating = False  # it may hold slashes


class Endpoint(Answers):
    """Answers the health requests of one Flask app."""

    def __init__(self, health: Health, app: flask.Flask) -> None:
        self._app = app
        super().__init__(health, app.config, health.url_prefix)

    def call_check(self, check: Callable[[], Any]) -> Any:
        """Call a check in an app context that shows the request's flask.g."""
        with shared_globals(self._app):
            return self._app.ensure_sync(check)()

    def blueprint(self) -> flask.Blueprint:
        """Return a blueprint that sends every request below the prefix to `answer`."""
        blueprint = flask.Blueprint("health", __name__, url_prefix=self.prefix)
        blueprint.record(self._add_rules)
        return blueprint

    def _add_rules(self, setup: flask.blueprints.BlueprintSetupState) -> None:
        # Not add_url_rule: the core answers for every method there is, and without the slash, too.
        app = setup.app
        app.view_functions["health.answer"] = self.answer
        app.url_map.converters["health_path"] = _Rest
        for path in [
            own + below for own in self.paths for below in ("", "/", "/<health_path:rest>")
        ]:
            app.url_map.add(app.url_rule_class(path, endpoint="health.answer"))

    def answer(self, rest: str = "") -> flask.Response:
        """Answer a request for one of the health paths: the view function."""
        del rest  # the core reads the path itself
        request = flask.request
        answered = self.respond(
            Request(
                request.method,
                request.environ.get("PATH_INFO", "")
                .encode("latin-1")
                .decode(errors="surrogateescape"),
                request.query_string,
                request.args.get("checks"),
                [
                    (name, value.encode("latin-1", "replace"))
                    for name, value in request.headers.items()
                ],
            )
        )
        if answered is None:
            flask.abort(404)
        return _response(*answered)


def _response(status: int, headers: list[tuple[str, str]], body: bytes) -> flask.Response:
    """Return a response with these headers and no others."""
    response = flask.Response(body, status)
    response.headers.clear()
    response.headers.extend(headers)
    # The length that a HEAD request asks for is that of the GET's body, which is not known here.
    response.automatically_set_content_length = flask.request.method != "HEAD"
    return response
