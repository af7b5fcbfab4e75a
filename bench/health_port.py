"""What the health port answers in a second, and how long the slowest of a hundred takes, beside a
static answer of nginx with one worker: wrk with 64 connections, in alternating rounds.

own_port_rps, own_port_p99_ms, own_port_nginx_rps, own_port_nginx_p99_ms: medians.
own_port_p99_ratio: the median of the rounds' ratios.
"""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 5
SECONDS = 2
CONNECTIONS = 64
BUILD = pathlib.Path(os.environ.get("IMPACT_BUILD", "build"))
UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
NGINX = """
daemon off; worker_processes 1; pid {folder}/pid;
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 1000000000;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{ listen 127.0.0.1:{port}; location / {{ return 200 "pong"; }} }}
}}
"""


def load(url):
    """Answers a second, and the 99th percentile in milliseconds."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}", "--latency", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        sys.exit(f"health_port: {url}: {text}")
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), float(number) * UNITS_MS[unit]


@contextlib.contextmanager
def own_port():
    with subprocess.Popen(
        [BUILD / "bench/health_port"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/health/ping"
        server.stdin.close()


def wait_for(port):
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.01)


@contextlib.contextmanager
def nginx(program):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "nginx.conf"
        file.write_text(NGINX.format(folder=folder, port=port), encoding="utf-8")
        with subprocess.Popen([program, "-p", folder, "-c", file, "-e", "stderr"]) as server:
            wait_for(port)
            yield f"http://127.0.0.1:{port}/"
            server.terminate()


def main():
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if not (program and shutil.which("wrk")):
        print("health_port: nginx and wrk are needed", file=sys.stderr)
        return
    with own_port() as own_url, nginx(program) as nginx_url:
        rounds = [(load(own_url), load(nginx_url)) for _ in range(ROUNDS)]
    for at, name in enumerate(("own_port", "own_port_nginx")):
        print(f"figure {name}_rps {statistics.median(r[at][0] for r in rounds):.0f} 1/s")
        print(f"figure {name}_p99_ms {statistics.median(r[at][1] for r in rounds):.3f} ms")
    ratio = statistics.median(own[1] / other[1] for own, other in rounds)
    print(f"figure own_port_p99_ratio {ratio:.2f} x")


if __name__ == "__main__":
    main()
