"""HEALTH_LISTEN speaks the gRPC health protocol too, by the core, without the interpreter."""

import re
import threading

import pytest
from flask import Flask

from impact_stack.observability.health import Health

grpc = pytest.importorskip("grpc")
health_pb2 = pytest.importorskip("grpc_health.v1.health_pb2")
health_pb2_grpc = pytest.importorskip("grpc_health.v1.health_pb2_grpc")

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
TIMEOUT = 30


@pytest.fixture(name="asked")
def fixture_asked(caplog):
    """Return a health that listens, a switch of its check `db`, and a stub."""
    caplog.set_level("INFO")
    holds = threading.Event()
    holds.set()
    app = Flask("asked")
    app.config.update(HEALTH_URL_SECRET=None, HEALTH_LISTEN="127.0.0.1:0")
    health = Health()
    health.register_check("db", holds.is_set, add_to_defaults=True)
    health.init_app(app)
    port = re.findall(r"on port (\d+)", caplog.text)[-1]
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield health, holds, health_pb2_grpc.HealthStub(channel)


def test_a_service_is_checked(asked):
    """A check, a group, the whole, and what there is not."""
    _, holds, stub = asked

    def check(service):
        request = health_pb2.HealthCheckRequest(service=service)
        return stub.Check(request, timeout=TIMEOUT).status

    assert check("db") == check("_defaults") == SERVING
    holds.clear()
    assert check("db") == check("_defaults") == NOT_SERVING
    with pytest.raises(grpc.RpcError) as raised:
        check("nothing")
    assert raised.value.code() == grpc.StatusCode.NOT_FOUND


def test_a_service_is_watched(asked):
    """The state at once, and each change."""
    _, holds, stub = asked
    call = stub.Watch(health_pb2.HealthCheckRequest(service="db"), timeout=TIMEOUT)
    assert next(call).status == SERVING
    holds.clear()
    assert next(call).status == NOT_SERVING
    holds.set()
    assert next(call).status == SERVING
    call.cancel()
