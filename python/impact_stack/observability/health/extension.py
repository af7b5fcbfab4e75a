"""The Flask extension."""

import flask

from .access_log import leave_probes_out
from .endpoint import Endpoint
from .registered import Checks
from .untraced import Untraced


class Health(Checks):
    """The checks of a Flask app, and the paths that answer for them."""

    def __init__(self, app: flask.Flask | None = None, url_prefix: str = "/health") -> None:
        super().__init__()
        self.url_prefix = url_prefix
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
