"""Real servers in all their ways: too long for every day."""

import signal

import processes
import pytest
from servers_test import (
    APP,
    GUNICORN,
    GUNICORN_ADDRESS,
    NAME,
    REQUESTS,
    SINGLE,
    address,
    ask,
    check_gunicorn,
    check_two_workers,
    check_uwsgi,
    stop_single,
)

NUMBERS = {"TERM": signal.SIGTERM, "INT": signal.SIGINT, "QUIT": signal.SIGQUIT}


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("more", [[], ["--max-requests", "3"]], ids=["", "max-requests"])
@pytest.mark.parametrize("preload", [[], ["--preload"]], ids=["", "preload"])
@pytest.mark.parametrize("kind", ["sync", "gthread", "gevent"])
def test_gunicorns_workers_export_their_spans(tmp_path, kind, preload, number, more):
    """20 of 20, whatever the worker and however it is stopped."""
    arguments = ["--worker-class", kind, "--threads", "2", *preload, *more]
    check_two_workers(tmp_path, arguments, NUMBERS[number])


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("lazy", [[], ["--lazy-apps"]], ids=["", "lazy"])
@pytest.mark.parametrize(
    "kind", ["", "--enable-threads", "--threads 4", "--gevent 10", "--max-requests 3"]
)
def test_uwsgis_workers_export_their_spans(tmp_path, kind, lazy, number):
    """20 of 20, with Python's threads and without."""
    # With it QUIT reloads, without it TERM does.
    stops = ["--die-on-term"] if number == "TERM" else []
    check_uwsgi(tmp_path, [*kind.split(), *lazy, *stops], NUMBERS[number])


def test_gunicorn_may_be_told_to_reload(tmp_path):
    """HUP: the workers of before and those of after export what they have made."""
    (tmp_path / "served.py").write_text(APP)
    with processes.collector() as collector:
        command = [*GUNICORN, "--workers", "1", "served:app"]
        with processes.serving(command, tmp_path, collector.environment()) as server:
            url = address(server, GUNICORN_ADDRESS)
            before = ask(server, url, 10)
            server.process.send_signal(signal.SIGHUP)
            server.wait_for(lambda: len(collector.exported.named(NAME)) == 10, "reloaded")
            after = ask(server, url, 10)
            assert server.stop()[0] == 0
        collector.exported.check(NAME, REQUESTS)
        assert before.isdisjoint(after)


def test_the_module_for_gunicorn_leaves_a_traced_app_alone(tmp_path):
    """A request makes one span, not two."""
    check_gunicorn(tmp_path, ["-c", "python:impact_stack.observability.tracing.gunicorn"])


@pytest.mark.parametrize("kind", SINGLE)
def test_an_interrupted_server_exports_its_spans(tmp_path, kind):
    """Ctrl-C."""
    stop_single(tmp_path, kind, signal.SIGINT)[1].check(NAME, REQUESTS)
