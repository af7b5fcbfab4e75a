"""The life of orders under load: it starts, is ready, drains and ends, and refuses nobody."""

import http.client
import signal
import threading
import time

import pytest

import programs

ORDERS = programs.BUILD / "examples/orders"
REQUESTS_PER_SECOND = 500
CLIENTS = 10
READY_SECONDS = 2

pytestmark = pytest.mark.skipif(not ORDERS.exists(), reason="built without what orders needs")


class LoadBalancer:
    """Sends requests as long as the last look said that the service is ready."""

    def __init__(self, url):
        self.url = url
        self.is_ready = True
        self.sent = 0
        self.failures = []
        self.lock = threading.Lock()
        self.clients = [threading.Thread(target=self.send_requests) for _ in range(CLIENTS)]

    def look(self):
        status, _ = programs.fetch(self.url + "/health/?checks=_ready")
        self.is_ready = status == 200
        return status

    def note(self, failure):
        with self.lock:
            self.sent += 1
            if failure:
                self.failures.append(failure)

    def send_requests(self):
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=30)
        due = time.monotonic()
        while self.is_ready:
            try:
                connection.request("GET", "/orders/1")
                response = connection.getresponse()
                response.read()
                self.note(None if response.status == 200 else response.status)
            except (OSError, http.client.HTTPException) as error:
                self.note(repr(error))
            due += CLIENTS / REQUESTS_PER_SECOND
            time.sleep(max(0, due - time.monotonic()))
        connection.close()


def drive(program, balancer):
    """Until the service is not ready any more; how it answered for its readiness."""
    for client in balancer.clients:
        client.start()
    end = time.monotonic() + READY_SECONDS
    statuses = []
    while time.monotonic() < end:
        statuses.append(balancer.look())
    program.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + programs.DEADLINE_SECONDS
    while balancer.is_ready:
        assert time.monotonic() < deadline, "it does not drain"
        statuses.append(balancer.look())
    return statuses


def test_orders_drains_and_refuses_no_request_while_it_is_ready(tmp_path):
    settings = programs.environment(OTEL_TRACES_EXPORTER="none", DRAIN_MS="20000")
    with programs.running([ORDERS, tmp_path / "orders.db"], env=settings) as program:
        url = program.url()
        assert programs.fetch(url + "/health/?checks=_startup")[0] == 200
        balancer = LoadBalancer(url)
        statuses = drive(program, balancer)
        assert programs.fetch(url + "/health/?checks=_live")[0] == 200
        assert programs.fetch(url + "/orders/1")[0] == 200  # who did not look is answered too
        for client in balancer.clients:
            client.join()
        program.stop()  # a second signal: the rest of the time is not waited for
    assert statuses[-1] == 503
    assert set(statuses[:-1]) == {200}
    assert balancer.failures == []
    assert balancer.sent >= REQUESTS_PER_SECOND / 10 * READY_SECONDS  # on the slowest machine
    assert program.status == 0
