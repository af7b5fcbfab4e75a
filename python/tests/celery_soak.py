"""Celery workers in all their ways over a real Redis and a real RabbitMQ: too long for every
day."""

import contextlib
import os
import pathlib
import shutil
import signal

import processes
import pytest
from celery_test import check_in_one_process, check_prefork, redis

NUMBERS = {"TERM": signal.SIGTERM, "INT": signal.SIGINT, "QUIT": signal.SIGQUIT}
# What is in the PATH changes its user; this one does not.
RABBITMQ = pathlib.Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


@contextlib.contextmanager
def rabbitmq(folder):
    """Run a RabbitMQ of our own, with all that it keeps in the folder; results go by Redis."""
    with contextlib.ExitStack() as stack:
        port, between, names = (
            str(stack.enter_context(processes.reserved_port())) for _ in range(3)
        )
        env = os.environ | {
            "HOME": str(folder),
            "RABBITMQ_NODENAME": f"impact{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": port,
            "RABBITMQ_DIST_PORT": between,
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "ERL_EPMD_PORT": names,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        # Where there is none it starts one that outlives it.
        epmd = ["epmd", "-address", "127.0.0.1", "-port", names]
        stack.enter_context(processes.serving(epmd, folder, env))
        server = stack.enter_context(processes.serving([RABBITMQ], folder, env))
        server.wait_for(lambda: "startup complete" in server.log, "listening")
        results = stack.enter_context(redis(folder))["RESULTS"]
        yield {"BROKER": f"amqp://guest:guest@127.0.0.1:{port}//", "RESULTS": results}


BROKERS = {"redis": (redis, shutil.which("redis-server")), "rabbitmq": (rabbitmq, RABBITMQ)}


@pytest.fixture(name="broker", scope="module", params=BROKERS)
def fixture_broker(request, tmp_path_factory):
    """Return the environment that names the queue."""
    run, program = BROKERS[request.param]
    if not program or not pathlib.Path(program).exists():
        pytest.skip(f"no {request.param}")
    with run(tmp_path_factory.mktemp(request.param)) as env:
        yield env


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("tasks_per_child", [1, 5, None])
def test_prefork_workers_export_their_spans(tmp_path, broker, tasks_per_child, number):
    """20 of 20, however often they are replaced, and however the worker is stopped."""
    check_prefork(tmp_path, broker, tasks_per_child, NUMBERS[number])


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("pool", ["solo", "threads", "gevent"])
def test_pools_in_one_process_export_their_spans(tmp_path, broker, pool, number):
    """Tasks in threads and greenlets, too."""
    check_in_one_process(tmp_path, broker, pool, NUMBERS[number])
