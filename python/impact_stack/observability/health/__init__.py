"""Health checks of a Flask app: register them here, ask for them over HTTP."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import flask

from .. import _core
from . import checks
from .access_log import ProbeFilter, leave_probes_out
from .endpoint import Endpoint
from .untraced import Untraced

__all__ = ["Health", "ProbeFilter", "checks"]

Check = Callable[[], Any]

_GROUP = re.compile(r"_[A-Za-z0-9.:/_-]{1,63}")


class Health:
    """The Flask extension: the checks, and the paths that answer for them.

    `checks` and `default_checks` may be changed at any time; the next request sees it.
    """

    def __init__(self, app: flask.Flask | None = None, url_prefix: str = "/health") -> None:
        self.url_prefix = url_prefix
        self.checks: dict[str, Check] = {}
        self.default_checks: list[str] = []
        self.groups: dict[str, tuple[str, ...]] = {}  # of each check, beside the defaults
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
        for path in endpoint.paths:
            if not app.config.get("HEALTH_TRACED", True):
                app.wsgi_app = Untraced(app.wsgi_app, path)  # type: ignore[method-assign]
            if not app.config.get("HEALTH_ACCESS_LOG", True):
                leave_probes_out(path)

    def register_check(
        self,
        name: str,
        check: Check | None = None,
        add_to_defaults: bool = True,
        *,
        groups: Iterable[str] = (),
    ) -> Callable[[Check], Check] | None:
        """Register a check, or return a decorator that does.

        A name that is registered already gets the new function. Groups begin with an underscore:
        `_live`, `_ready` and `_startup` are what orchestrators ask for.
        """
        names = (groups,) if isinstance(groups, str) else tuple(groups)
        for group in names:
            if not _GROUP.fullmatch(group):
                raise ValueError(f"{group!r} is not the name of a group")
        if check is None:
            return lambda function: self._register(name, function, add_to_defaults, names)
        self._register(name, check, add_to_defaults, names)
        return None

    def _register(
        self, name: str, check: Check, add_to_defaults: bool, groups: tuple[str, ...]
    ) -> Check:
        if not _core.is_check_name(name):
            raise ValueError(f"{name!r} cannot be asked for as a check in a URL")
        self.checks[name] = check
        self.groups[name] = groups
        if add_to_defaults and name not in self.default_checks:
            self.default_checks.append(name)
        return check
