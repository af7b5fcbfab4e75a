"""invoices: what the shop leaves to a Celery worker, in one trace with the request that asked for
it.

    BROKER_URL=redis://localhost ORDERS_URL=http://127.0.0.1:8000 OTEL_SERVICE_NAME=invoices \
        CELERY_CONFIG_MODULE=impact_stack.observability.tracing.celery \
        celery --workdir examples --app invoices worker

The module in CELERY_CONFIG_MODULE traces each process that runs tasks; here is no line for it.
"""

import os

import celery
import flask
import requests

app = celery.Celery("invoices", broker=os.environ.get("BROKER_URL"))
app.flask_app = flask.Flask("invoices")  # whose configuration says what is traced
app.flask_app.config["TRACING_INSTRUMENTORS"] = ["celery", "requests"]


@app.task
def write(number):
    """Write the invoice of an order, as the orders service has it."""
    answer = requests.get(f"{os.environ['ORDERS_URL']}/orders/{number}", timeout=5)
    answer.raise_for_status()
    return f"order {number}: {answer.json()['price'] / 100:.2f}"
