"""The files of examples/deploy work with orders, as far as one machine can show it."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import urllib.request

import pytest

import programs

DEPLOY = programs.EXAMPLES / "deploy"
ORDERS = programs.BUILD / "examples/orders"
STATIC = programs.BUILD / "cli/impact-static"
SERVERS = "/usr/sbin:/usr/bin:/bin"
HAPROXY = shutil.which("haproxy", path=SERVERS)
NGINX = shutil.which("nginx", path=SERVERS)
ANALYZE = shutil.which("systemd-analyze", path=SERVERS)

pytestmark = pytest.mark.skipif(not ORDERS.exists(), reason="built without what orders needs")


@pytest.fixture(name="orders")
def fixture_orders(tmp_path):
    """Where orders listens: "127.0.0.1:PORT"."""
    with programs.running([ORDERS, tmp_path / "orders.db"]) as service:
        yield service.url().removeprefix("http://")


def free_address():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{holder.getsockname()[1]}"


def text_of(name):
    return (DEPLOY / name).read_text(encoding="utf-8")


def status_of(url):
    return programs.fetch(url)[0]


def wait_for(url, expected):
    """Until a server that has just been started answers so; its checks take their time."""
    for _ in range(programs.DEADLINE_SECONDS * 50):
        with contextlib.suppress(OSError):
            if status_of(url) == expected:
                return
        subprocess.run(["sleep", "0.02"], check=True)
    raise AssertionError(f"{url} does not answer {expected}")


# ---- in front of it ----


@pytest.mark.skipif(not HAPROXY, reason="no haproxy")
def test_haproxy_sends_requests_to_the_healthy_server_only(orders):
    bind, dead = free_address(), free_address()
    command = [HAPROXY, "-db", "-f", str(DEPLOY / "haproxy.cfg")]
    environment = programs.environment(ORDERS_BIND=bind, ORDERS_ONE=orders, ORDERS_TWO=dead)
    assert subprocess.run([*command, "-c"], env=environment, check=False).returncode == 0
    with programs.running(command, env=environment) as proxy:
        proxy.read_until("Server orders/two is DOWN")
        wait_for(f"http://{bind}/orders/1", 200)
        assert [status_of(f"http://{bind}/orders/1") for _ in range(20)] == [200] * 20
        assert status_of(f"http://{bind}/health/") == 404


AGENT_CONFIGURATION = """
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
listen world
    bind {bind}
    default-server check inter 200ms agent-inter 100ms agent-send "agent\\n"
    server one {health} agent-check agent-port {port}
"""


@pytest.mark.skipif(not HAPROXY, reason="no haproxy")
def test_haproxys_agent_check_follows_the_phases(tmp_path):
    service = [programs.BUILD / "tests/integration/agent_service"]
    with programs.running(service, stdin=subprocess.PIPE) as program:
        health = program.url().removeprefix("http://")
        text = AGENT_CONFIGURATION.format(
            bind=free_address(), health=health, port=health.split(":")[1]
        )
        (tmp_path / "haproxy.cfg").write_text(text)
        with programs.running([HAPROXY, "-db", "-f", str(tmp_path / "haproxy.cfg")]) as proxy:
            program.process.stdin.write(b"d\n")
            program.process.stdin.flush()
            proxy.read_until("Server world/one enters drain")
            program.process.stdin.write(b"s\n")
            program.process.stdin.flush()
            proxy.read_until("Server world/one is UP")


@pytest.mark.skipif(not NGINX, reason="no nginx")
def test_nginx_shows_health_to_this_machine(orders, tmp_path):
    bind = free_address()
    site = text_of("nginx.conf")
    assert site.count("127.0.0.1:8080") == 2
    site = site.replace("127.0.0.1:8080", orders).replace("127.0.0.1:8000", bind)
    user = "user root root;" if os.geteuid() == 0 else ""
    paths = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "main.conf").write_text(
        f"{user} daemon off; pid {tmp_path}/pid; events {{}}"
        f" http {{ access_log {tmp_path}/access.log; {paths} {site} }}"
    )
    command = [NGINX, "-p", str(tmp_path), "-c", str(tmp_path / "main.conf"), "-e", "stderr"]
    with programs.running(command):
        wait_for(f"http://{bind}/health/", 200)
        assert status_of(f"http://{bind}/health/ping") == 200
        assert status_of(f"http://{bind}/orders/1") == 200
    logged = (tmp_path / "access.log").read_text()
    assert "/orders/1" in logged and "/health" not in logged


# ---- who starts it ----


@pytest.mark.skipif(not ANALYZE, reason="no systemd-analyze")
def test_systemd_takes_the_unit(tmp_path):
    unit = text_of("orders.service")
    assert unit.count("/usr/bin/orders") == 1
    unit = unit.replace("/usr/bin/orders", str(ORDERS))
    (tmp_path / "orders.service").write_text(unit)
    done = subprocess.run(
        [ANALYZE, "verify", "--man=no", str(tmp_path / "orders.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if "orders" in line]) == (
        0,
        [],
    )


def lines_until(manager, wanted):
    """What a service manager was told, up to this line."""
    lines = []
    while wanted not in lines:
        lines += manager.recv(4096).decode().splitlines()
    return lines


def test_systemd_is_told_that_orders_starts_lives_and_stops(tmp_path):
    unit = text_of("orders.service")
    assert "Type=notify\n" in unit and "WatchdogSec=" in unit
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(programs.DEADLINE_SECONDS)
        settings = programs.environment(
            NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="200000", DRAIN_MS="100"
        )
        with programs.running([ORDERS, tmp_path / "orders.db"], env=settings) as program:
            assert "STATUS=serving" in lines_until(manager, "READY=1")
            assert "STOPPING=1" not in lines_until(manager, "WATCHDOG=1")
            program.process.send_signal(signal.SIGTERM)
            assert "READY=1" not in lines_until(manager, "STOPPING=1")


@pytest.mark.skipif(not STATIC.exists(), reason="no static libc")
def test_the_images_probe_needs_nothing_beside_it(orders, tmp_path):
    command = json.loads(re.search(r"HEALTHCHECK .*?CMD (\[.*?\])", text_of("Dockerfile"), re.S)[1])
    root = tmp_path / "root"
    root.mkdir()
    shutil.copy(STATIC, root / "impact")
    as_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
    words = [word.replace("127.0.0.1:8080", orders) for word in command]
    assert words != command
    done = subprocess.run(
        [*as_root, "chroot", str(root), *words], capture_output=True, text=True, check=False
    )
    if "unshare" in done.stderr:
        pytest.skip("no namespaces for users here")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("pass: 200")


def test_the_paths_that_a_kubelet_and_envoy_ask_for_are_there(orders):
    paths = re.findall(r"httpGet: {path: (\S+), port: http}", text_of("kubernetes.yaml"))
    paths += re.findall(r"^ +path: (\S+)$", text_of("envoy.yaml"), re.M)
    assert len(paths) == 4
    for path in paths:
        with urllib.request.urlopen(f"http://{orders}{path}", timeout=5) as answer:
            assert answer.status == 200
    name = answer.headers["x-envoy-upstream-healthchecked-cluster"]  # Envoy's path is the last
    assert f"service_name_matcher: {{exact: {name}}}" in text_of("envoy.yaml")
