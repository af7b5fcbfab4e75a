"""Tracing for the tasks of a Celery worker, without a line of code:

CELERY_CONFIG_MODULE=impact_stack.observability.tracing.celery celery --app myapp worker

Each process that runs tasks traces the Flask app that the Celery app has as `flask_app`. Celery
reads this module as its configuration, and leaves alone what is no setting of its own.
"""

from __future__ import annotations

from typing import Any

import celery as _celery  # type: ignore[import-untyped]
from celery import signals as _signals

from .hosts import extension_for as _extension_for
from .hosts import is_traced as _is_traced

_PREFORK = "celery.concurrency.prefork"
_SOLO = "celery.concurrency.solo"


def start_tracing(celery_app: Any) -> None:
    """Trace what an app's tasks do, with the extension that its package names in its entry
    points."""
    if not _is_traced(getattr(celery_app, "flask_app", None)):
        _extension_for("celery").init_celery(celery_app)


@_signals.worker_process_init.connect(weak=False)  # type: ignore[untyped-decorator]
def _in_child(**_: Any) -> None:
    """A child of the prefork pool has started, or the process of the solo pool."""
    start_tracing(_celery.current_app)


@_signals.worker_init.connect(weak=False)  # type: ignore[untyped-decorator]
def _in_worker(sender: Any, **_: Any) -> None:
    """The other pools have threads or greenlets, of which Celery says nothing."""
    if sender.pool_cls.__module__ not in (_PREFORK, _SOLO):
        start_tracing(sender.app)
