"""The examples do what they say."""

import http.server
import json
import signal
import socket
import sqlite3
import subprocess
import threading

import pytest

import programs

ORDERS = programs.BUILD / "examples/orders"

needs_orders = pytest.mark.skipif(not ORDERS.exists(), reason="built without what orders needs")


def console(**more):
    return programs.environment(OTEL_TRACES_EXPORTER="console", **more)


def orders(folder, **more):
    return programs.running([ORDERS, folder / "orders.db"], env=console(**more))


def spans_by_name(program):
    return {span["name"]: span for span in programs.json_objects(program.output)}


def unused_url():
    """Where nobody listens, and nobody else can while the socket is open."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    return holder, f"http://127.0.0.1:{holder.getsockname()[1]}"


# ---- orders ----


@needs_orders
def test_orders_answers_for_an_order(tmp_path):
    with orders(tmp_path) as program:
        status, body = programs.fetch(program.url() + "/orders/1")
        assert (status, json.loads(body)) == (
            200,
            {"id": 1, "article": 10, "count": 3, "price": -1},
        )
        assert program.stop() == 0
    spans = spans_by_name(program)
    assert set(spans) == {"GET /orders/{id}", "SELECT orders"}
    assert spans["SELECT orders"]["parent_id"] == spans["GET /orders/{id}"]["context"]["span_id"]
    assert spans["GET /orders/{id}"]["attributes"]["http.response.status_code"] == 200


@needs_orders
@pytest.mark.parametrize(
    "method, path, body, expected",
    [
        ("GET", "/orders/9", None, 404),
        ("GET", "/orders/1x", None, 404),
        ("GET", "/orders/", None, 404),
        ("GET", "/", None, 404),
        ("POST", "/orders/1", b"x" * 100_000, 405),
        ("DELETE", "/orders/1", None, 405),
    ],
)
def test_orders_refuses_what_it_does_not_know(tmp_path, method, path, body, expected):
    with orders(tmp_path) as program:
        status, answer = programs.fetch(program.url() + path, method, body)
        assert status == expected
        assert "error" in json.loads(answer)


@needs_orders
def test_orders_is_healthy_and_answers_for_it(tmp_path):
    with orders(tmp_path) as program:
        status, body = programs.fetch(program.url() + "/health/")
        assert status == 200
        assert json.loads(body)["checks"] == {"database": True, "disk": True}


@needs_orders
def test_orders_asks_for_the_secret(tmp_path):
    with orders(tmp_path, HEALTH_URL_SECRET="sesame") as program:
        url = program.url()
        assert programs.fetch(url + "/health/")[0] == 401
        assert programs.fetch(url + "/health/?auth=sesame")[0] == 200
        assert programs.fetch(url + "/health/ping") == (200, "pong")


@needs_orders
def test_orders_without_its_table_fails_the_request(tmp_path):
    with orders(tmp_path) as program:
        url = program.url()
        with sqlite3.connect(tmp_path / "orders.db") as connection:
            connection.execute("DROP TABLE orders")
        assert programs.fetch(url + "/orders/1")[0] == 500


@needs_orders
def test_orders_without_its_file_is_not_healthy(tmp_path):
    with orders(tmp_path) as program:
        url = program.url()
        (tmp_path / "orders.db").unlink()
        status, body = programs.fetch(url + "/health/?checks=database")
        assert (status, json.loads(body)["checks"]) == (503, {"database": False})


@needs_orders
def test_orders_answers_when_prices_cannot_be_had(tmp_path):
    holder, url = unused_url()
    with holder, orders(tmp_path, PRICES_URL=url) as program:
        status, body = programs.fetch(program.url() + "/orders/1")
        assert (status, json.loads(body)["price"]) == (200, -1)
        program.stop()
    spans = spans_by_name(program)
    assert spans["price order"]["status"]["status_code"] == "ERROR"
    assert spans["GET"]["parent_id"] == spans["price order"]["context"]["span_id"]


@needs_orders
def test_orders_says_how_it_is_used(tmp_path):
    for arguments in ([], ["a", "b"], ["a", "1x"], ["a", "65536"], ["a", "1", "2"]):
        done = subprocess.run([ORDERS, *arguments], capture_output=True, text=True, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (2, "usage: orders DATABASE [PORT]\n")


@needs_orders
def test_orders_says_that_there_is_no_such_folder(tmp_path):
    done = subprocess.run(
        [ORDERS, tmp_path / "none" / "orders.db"], capture_output=True, text=True, env=console()
    )
    assert done.returncode == 1
    assert "unable to open database file" in done.stderr


@needs_orders
def test_orders_says_that_its_port_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        done = subprocess.run(
            [ORDERS, tmp_path / "orders.db", port], capture_output=True, text=True, env=console()
        )
    assert (done.returncode, done.stderr) == (1, f"orders: cannot listen on port {port}\n")


class Prices(http.server.BaseHTTPRequestHandler):
    """Answers with what the server holds."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def prices():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Prices) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@needs_orders
@pytest.mark.parametrize(
    "answer, price",
    [
        (b"250", 750),
        (b"", -1),
        (b"free", -1),
        (b"-1", -1),
        (b"9" * 16, 2999997),
        (b"1" * 10**6, -1),
    ],
)
def test_orders_takes_any_answer_for_a_price(tmp_path, prices, answer, price):
    prices.answer = answer
    url = f"http://127.0.0.1:{prices.server_port}"
    with orders(tmp_path, PRICES_URL=url) as program:
        status, body = programs.fetch(program.url() + "/orders/1")
        assert (status, json.loads(body)["price"]) == (200, price)
        assert program.stop() == 0


# ---- shop ----


def shop(orders_url, **more):
    command = [*programs.FLASK, "--app", programs.EXAMPLES / "shop.py", "run", "--port", "0"]
    return programs.running(command, env=console(ORDERS_URL=orders_url, **more))


def test_shop_says_that_orders_is_gone():
    holder, orders_url = unused_url()
    with holder, shop(orders_url) as program:
        url = program.url()
        status, body = programs.fetch(url + "/health/")
        assert (status, json.loads(body)["checks"]) == (503, {"orders": False, "prices": True})
        assert programs.fetch(url + "/prices/10") == (200, "250")
        assert programs.fetch(url + "/prices/11")[0] == 404
        assert program.stop() == 0
    assert "GET /prices/<int:article>" in spans_by_name(program)


@needs_orders
def test_shop_knows_an_order_that_is_not_there(tmp_path):
    with orders(tmp_path) as service, shop(service.url()) as program:
        assert programs.fetch(program.url() + "/orders/9")[0] == 404


# ---- the first programs ----


def test_first_span_has_a_child():
    done = subprocess.run(
        [programs.BUILD / "examples/first_span"], capture_output=True, text=True, env=console()
    )
    assert (done.returncode, done.stderr) == (0, "")
    child, parent = programs.json_objects(done.stdout)
    assert (child["name"], parent["name"]) == ("charge", "checkout")
    assert child["parent_id"] == parent["context"]["span_id"]
    assert parent["attributes"] == {"cart.items": 3}
    assert parent["resource"]["attributes"]["service.name"] == "checkout"


def test_first_span_tells_that_nobody_took_its_spans():
    holder, url = unused_url()
    environment = programs.environment(
        OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_EXPORTER_OTLP_TIMEOUT="100"
    )
    with holder:
        done = subprocess.run(
            [programs.BUILD / "examples/first_span"],
            capture_output=True,
            text=True,
            env=environment,
        )
    assert done.returncode == 1
    assert done.stderr.endswith("\nnot every span was exported\n")


def test_first_span_tells_that_an_exporter_is_misspelt():
    environment = programs.environment(OTEL_TRACES_EXPORTER="tre")
    done = subprocess.run(
        [programs.BUILD / "examples/first_span"], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 1
    assert "impact: OTEL_TRACES_EXPORTER=tre is not used" in done.stderr
    assert done.stderr.endswith("not every span was exported\n")


def test_first_health_answers():
    with programs.running([programs.BUILD / "examples/first_health", "127.0.0.1:0"]) as program:
        status, body = programs.fetch(program.url() + "/health/")
        assert (status, json.loads(body)["checks"]) == (200, {"spool": True})
        assert program.stop() == -signal.SIGTERM


def test_event_loop_exports_from_its_own_loop():
    command = [programs.BUILD / "examples/event_loop", "127.0.0.1:0"]
    with programs.running(command, env=console(OTEL_BSP_SCHEDULE_DELAY="0")) as program:
        host, port = program.read_until(r"(127[.]0[.]0[.]1):([0-9]+)\n").groups()
        for _ in range(3):
            with socket.create_connection((host, int(port)), timeout=30) as client:
                assert client.makefile().read().endswith("Z\n")
        program.read_until('"tell the time"(.|\n)*' * 2)  # while it runs
        assert program.stop() == 0
    spans = [span["name"] for span in programs.json_objects(program.output.partition("\n")[2])]
    assert spans == ["tell the time"] * 3
