"""first_tracing: a span for each request of a Flask app."""

import flask
from impact_stack.observability import tracing

app = flask.Flask(__name__)
app.config["TRACING_INSTRUMENTORS"] = ["flask"]
tracing_ext = tracing.Tracing()
tracing_ext.init_app(app, attributes={"additional.attribute": "foo"})


@tracing.new_span("choose words", args_as={"name": "greeting.name"})
def greet(name):
    """Return a greeting, in a span of its own."""
    return f"Hello, {name}!\n"


@app.get("/hello/<name>")
def hello(name):
    """Answer; the request's span is made by the instrumentor."""
    return greet(name)
