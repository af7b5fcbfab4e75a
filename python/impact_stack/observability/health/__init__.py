"""Health checks of a Flask app: register them here, ask for them over HTTP."""

from collections.abc import Callable
from typing import Any

import flask

from .. import _core
from . import checks
from .access_log import ProbeFilter, leave_probes_out
from .endpoint import Endpoint
from .untraced import Untraced

__all__ = ["Health", "ProbeFilter", "checks"]

Check = Callable[[], Any]


class Health:
    """The Flask extension: the checks, and the paths that answer for them.

    `checks` and `default_checks` may be changed at any time; the next request sees it.
    """

    def __init__(self, app: flask.Flask | None = None, url_prefix: str = "/health") -> None:
        self.url_prefix = url_prefix
        self.checks: dict[str, Check] = {}
        self.default_checks: list[str] = []
        if app is not None:
            self.init_app(app)

    def init_app(self, app: flask.Flask) -> None:
        """Serve the health paths in this app. `HEALTH_URL_SECRET` must be configured."""
        if "health" in app.extensions:
            raise RuntimeError("A 'Health' instance has already been registered on this Flask app.")
        endpoint = Endpoint(self, app)
        if app.config.get("HEALTH_LISTEN") is not None:
            endpoint.listen(app.config["HEALTH_LISTEN"])
        app.register_blueprint(endpoint.blueprint())
        app.extensions["health"] = self
        if not app.config.get("HEALTH_TRACED", True):
            app.wsgi_app = Untraced(app.wsgi_app, endpoint.prefix)  # type: ignore[method-assign]
        if not app.config.get("HEALTH_ACCESS_LOG", True):
            leave_probes_out(endpoint.prefix)

    def register_check(
        self, name: str, check: Check | None = None, add_to_defaults: bool = True
    ) -> Callable[[Check], Check] | None:
        """Register a check, or return a decorator that does.

        A name that is registered already gets the new function.
        """
        if check is None:
            return lambda function: self._register(name, function, add_to_defaults)
        self._register(name, check, add_to_defaults)
        return None

    def _register(self, name: str, check: Check, add_to_defaults: bool) -> Check:
        if not _core.is_check_name(name):
            raise ValueError(f"{name!r} cannot be asked for as a check in a URL")
        self.checks[name] = check
        if add_to_defaults and name not in self.default_checks:
            self.default_checks.append(name)
        return check
