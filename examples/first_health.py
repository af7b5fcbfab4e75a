"""first_health: health checks of a Flask app, at /health/."""

import os

import flask
from impact_stack.observability import health as health_

health = health_.Health()
health.register_check("true", health_.checks.check_true, add_to_defaults=False)


@health.register_check("spool")
def check_spool():
    """Hold while there is a place to write to. What is raised here counts as a failure."""
    return os.access("/var/tmp", os.W_OK)


app = flask.Flask(__name__)
app.config["HEALTH_URL_SECRET"] = None  # open to all; or a secret, asked for as ?auth=
health.init_app(app)
