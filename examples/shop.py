"""shop: a Flask app that sells what the orders service knows, traced and checked by impact.

    ORDERS_URL=http://127.0.0.1:8000 OTEL_SERVICE_NAME=shop OTEL_TRACES_EXPORTER=tree \
        flask --app examples/shop.py run

`/orders/<number>` says what an order costs, as the orders service has it; that one asks back for
prices, at `/prices/<article>`. A POST to `/orders/<number>/invoice` leaves the rest to a worker,
where there is a queue (BROKER_URL; see invoices.py). One trace shows it all.
"""

import functools
import os
import signal
import sys

import flask
import requests
from impact_stack.observability import health as health_
from impact_stack.observability import tracing
from opentelemetry import trace

ORDERS_URL = os.environ["ORDERS_URL"]
BROKER_URL = os.environ.get("BROKER_URL")
PRICES = {10: 250, 20: 1200}  # cents, by article

# ---- health: a check that is provided, and one of our own; GET /health/ asks both ----

health = health_.Health()
health.register_check(
    "orders",
    functools.partial(
        health_.checks.base_check_api_liveliness, "GET", f"{ORDERS_URL}/health/ping", 200, 2.0
    ),
)


@health.register_check("prices")
def check_prices():
    """Hold if everything that is for sale costs something."""
    return all(price > 0 for price in PRICES.values())


# ---- pages ----

pages = flask.Blueprint("pages", __name__)


@tracing.new_span("describe order", args_as={"order": lambda order: {"order.id": order["id"]}})
def describe(order):
    """Return what a customer reads, in a span of its own."""
    return {"order": order["id"], "total": f"{order['price'] / 100:.2f}"}


@pages.get("/orders/<int:number>")
def show_order(number):
    """Ask the orders service. The request's span, and that of the call, are made by themselves."""
    trace.get_current_span().set_attribute("shop.order", number)
    answer = requests.get(f"{ORDERS_URL}/orders/{number}", timeout=5)
    if answer.status_code != 200:
        flask.abort(404 if answer.status_code == 404 else 502)
    return describe(answer.json())


@pages.post("/orders/<int:number>/invoice")
def write_invoice(number):
    """Leave it to the worker, which goes on in the trace of this request."""
    if not BROKER_URL:
        flask.abort(503)
    import invoices  # where there is no queue Celery is not needed either

    task = invoices.write.delay(number)
    return {"task": task.id}, 202


@pages.get("/prices/<int:article>")
def show_price(article):
    """Say what an article costs."""
    if article not in PRICES:
        flask.abort(404)
    return str(PRICES[article]), {"Content-Type": "text/plain"}


# ---- the app ----


def create_app():
    """Make the app; `flask run` calls this."""
    app = flask.Flask(__name__)
    app.config["HEALTH_URL_SECRET"] = os.environ.get("HEALTH_URL_SECRET")  # None: open to all
    app.config["TRACING_INSTRUMENTORS"] = ["flask", "requests", *(["celery"] if BROKER_URL else [])]
    app.register_blueprint(pages)
    health.init_app(app)
    tracing.Tracing(app)
    return app


# Flask's own server dies of SIGTERM; a service ends in good order, and what waits is exported.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
