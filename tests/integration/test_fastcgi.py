"""Health paths of a FastCGI application, with nginx in front of it."""

import http.client
import os
import pathlib
import shutil
import socket

import pytest

import programs

SERVICE = programs.BUILD / "tests/integration/fastcgi_service"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/bin")

pytestmark = pytest.mark.skipif(
    not (SERVICE.exists() and NGINX), reason="built without libfcgi, or no nginx"
)

CONFIGURATION = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param QUERY_STRING $query_string;
            {path}
            fastcgi_pass unix:{folder}/app.sock;
        }}
    }}
}}
"""
# Its workers would be somebody who may not look into pytest's folders.
USER = "user root root;" if os.geteuid() == 0 else ""
# With nginx's own fastcgi_params, and with what the standard has.
PATHS = {
    "uri": "fastcgi_param REQUEST_URI $request_uri;",
    "standard": 'fastcgi_param SCRIPT_NAME ""; fastcgi_param PATH_INFO $uri;',
}


def free_port():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return holder.getsockname()[1]


def ask(port, target, method="GET", **headers):
    """Status, headers and body; while nginx is not there yet, again."""
    for _ in range(programs.DEADLINE_SECONDS * 100):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request(method, target, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        except ConnectionRefusedError:
            continue
        finally:
            connection.close()
    raise AssertionError("nginx does not come")


@pytest.fixture(name="port", params=PATHS)
def fixture_port(request, tmp_path):
    folder = pathlib.Path(tmp_path)
    port = free_port()
    (folder / "nginx.conf").write_text(
        CONFIGURATION.format(user=USER, folder=folder, port=port, path=PATHS[request.param])
    )
    with programs.running([SERVICE, str(folder / "app.sock")]) as service:
        service.read_until("ready")
        command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
        with programs.running(command):
            yield port


def test_health_paths_are_answered_and_all_others_are_the_applications(port):
    status, headers, body = ask(port, "/health/ping")
    assert (status, body) == (200, "pong")
    assert "no-store" in headers["Cache-Control"]
    assert ask(port, "/else")[2] == "mine"
    assert ask(port, "/healthy")[2] == "mine"
    assert ask(port, "/health/", method="DELETE")[0] == 405


def test_query_and_headers_reach_the_checks(port):
    assert ask(port, "/health/")[0] == 401
    status, _, body = ask(port, "/health/?auth=sesame&checks=a%20b")
    assert (status, '"a b":true' in body) == (200, True)
    status, _, body = ask(port, "/health/?checks=no", Authorization="Bearer sesame")
    assert (status, '"no":false' in body) == (503, True)
    assert ask(port, "/health/a%20b?auth=sesame")[0] == 200


def test_a_head_has_the_length_and_no_body(port):
    status, headers, body = ask(port, "/health/ping", method="HEAD")
    assert (status, headers["Content-Length"], body) == (200, "4", "")
