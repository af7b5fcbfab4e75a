"""impact view: what official and own exporters send is there, and its page shows it in a real
browser, in both colour schemes, on a desk and on a phone.

The pictures are left in build/page.
"""

import base64
import contextlib
import gzip
import http.client
import json
import socket
import subprocess
import time
import urllib.parse

import grpc
import pytest
from google.protobuf import json_format
from google.rpc import status_pb2
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc_exporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import browser
import programs
from backend import CLIENT, needs_otlp, run, with_base64_ids
from test_page import FOLDER, WIDTHS, fixture_axe, need  # noqa: F401 (the fixture is used by name)

VIEW = programs.BUILD / "cli/view/impact-view"
pytestmark = pytest.mark.skipif(not VIEW.exists(), reason="built without libmicrohttpd or zlib")


@contextlib.contextmanager
def viewing(*words):
    command = [VIEW, "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0", *words]
    with programs.running(command) as program:
        said = program.read_until(r"(https?)://localhost:(\d+)/ .* localhost:(\d+) by")
        program.address = f"{said[1]}://127.0.0.1:{said[2]}"
        program.grpc = f"http://127.0.0.1:{said[3]}"
        yield program


@pytest.fixture(name="view")
def fixture_view():
    with viewing() as program:
        yield program.address


def get(address, path):
    status, body = programs.fetch(address + path)
    assert status == 200, body
    return json.loads(body)


def post(address, body, **headers):
    """Post a body; return the status and what came back, as bytes."""
    url = urllib.parse.urlsplit(address)
    connection = http.client.HTTPConnection(url.netloc, timeout=programs.DEADLINE_SECONDS)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", "/v1/traces", body, names)
    answer = connection.getresponse()
    return answer.status, answer.headers["Content-Type"], answer.read()


def spans_of(address):
    """Return all spans that it keeps, as the official class has them, by trace."""
    found = {}
    for row in get(address, "/api/traces")["traces"]:
        document = with_base64_ids(get(address, f"/api/trace/{row[2]}"))
        request = json_format.ParseDict(document, service.ExportTraceServiceRequest())
        found[row[2]] = [
            span
            for resource_spans in request.resource_spans
            for scope_spans in resource_spans.scope_spans
            for span in scope_spans.spans
        ]
    return found


PROTOBUF = "application/x-protobuf"


def request_of(count, traces=1, name="work", service_name="orders", base=10**18, first=1):
    """A request with so many spans a trace: a root, its children, each with an attribute. Traces
    are numbered from `first`."""
    request = service.ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    attribute = resource_spans.resource.attributes.add(key="service.name")
    attribute.value.string_value = service_name
    spans = resource_spans.scope_spans.add().spans
    for one in range(first, first + traces):
        trace_id = one.to_bytes(16, "big")
        for number in range(1, count + 1):
            span = spans.add(
                trace_id=trace_id,
                span_id=(one << 24 | number).to_bytes(8, "big"),
                name=f"{name} {number}",
                kind=1 + number % 5,
                start_time_unix_nano=base + one * 10**6 + number * 1000,
                end_time_unix_nano=base + one * 10**6 + (2 * count - number) * 10**5 + one * 997,
            )
            if number > 1:
                span.parent_span_id = (one << 24 | number // 2).to_bytes(8, "big")
            span.attributes.add(key="number").value.int_value = number
    return request


# ---- what comes in ----


def test_the_official_exporter_sends_and_every_span_is_there(view):
    exporter = OTLPSpanExporter(f"{view}/v1/traces", compression=None)
    provider = TracerProvider(resource=Resource.create({"service.name": "official"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    start = provider.get_tracer("test").start_as_current_span
    with start("outer", attributes={"a": [1, 2]}), start("inner") as inner:
        inner.add_event("happened", {"b": 1.5})
        inner.set_status(trace.StatusCode.ERROR, "no")
    provider.shutdown()
    ((_, spans),) = spans_of(view).items()
    assert {span.name for span in spans} == {"outer", "inner"}
    (row,) = get(view, "/api/traces")["traces"]
    assert row[3:5] + row[7:9] == ["official", "outer", 2, 1]


@needs_otlp
@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json"])
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_our_exporter_sends_and_every_span_is_there(view, protocol, compression):
    port = urllib.parse.urlsplit(view).port
    settings = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_COMPRESSION": compression,
    }
    result, diagnostics = run(port, "rich", 10000, **settings)
    assert diagnostics == []
    assert sum(map(len, spans_of(view).values())) == result["exported"] > 0


def test_what_came_in_json_is_what_came_in_protobuf(view):
    request = request_of(20)
    document = json_format.MessageToDict(request)

    def with_hex_ids(value, key=""):
        if isinstance(value, dict):
            return {name: with_hex_ids(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [with_hex_ids(inner) for inner in value]
        is_id = key in ("traceId", "spanId", "parentSpanId")
        return base64.b64decode(value).hex() if is_id else value

    numbered = with_hex_ids(document)
    for span in numbered["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        span["kind"] = 2
    for span in request.resource_spans[0].scope_spans[0].spans:
        span.kind = 2
    body = json.dumps(numbered).encode()
    assert post(view, body, Content_Type="application/json") == (200, "application/json", b"{}")
    ((_, spans),) = spans_of(view).items()
    assert list(spans) == list(request.resource_spans[0].scope_spans[0].spans)


def test_answers_are_those_of_the_specification(view):
    body = request_of(3).SerializeToString()
    assert post(view, body, Content_Type=PROTOBUF) == (200, PROTOBUF, b"")
    packed = gzip.compress(body)
    answer = post(view, packed, Content_Type=PROTOBUF, Content_Encoding="gzip")
    assert answer == (200, PROTOBUF, b"")
    assert get(view, "/api/traces")["repeated"] == 3
    status, kind, answer = post(view, b"\x0a\x7f", Content_Type=PROTOBUF)
    assert (status, kind) == (400, PROTOBUF)
    assert status_pb2.Status.FromString(answer).code == 3
    assert post(view, body, Content_Type="text/plain")[0] == 415
    assert post(view, body, Content_Type=PROTOBUF, Content_Encoding="br")[0] == 415
    bomb = gzip.compress(bytes(65 << 20))
    assert post(view, bomb, Content_Type=PROTOBUF, Content_Encoding="gzip")[0] == 413
    assert post(view, bytes(65 << 20), Content_Type=PROTOBUF)[0] == 413
    invalid = service.ExportTraceServiceRequest()
    invalid.resource_spans.add().scope_spans.add().spans.add(name="nobody")
    status, _, answer = post(view, invalid.SerializeToString(), Content_Type=PROTOBUF)
    partial = service.ExportTraceServiceResponse.FromString(answer).partial_success
    assert (status, partial.rejected_spans) == (200, 1)


def test_the_last_spans_are_kept_and_what_left_is_counted():
    with viewing("--spans", "100") as program:
        for first in range(5):
            body = request_of(10, traces=8, base=(first + 1) * 10**17).SerializeToString()
            assert post(program.address, body, Content_Type=PROTOBUF)[0] == 200
        answer = get(program.address, "/api/traces")
        assert answer["spans"] <= 100
        sums = answer["spans"] + answer["evicted"] + answer["repeated"] + answer["refused"]
        assert answer["received"] == 400 == sums


def test_it_says_why_it_cannot_start_and_ends_when_it_is_asked():
    with viewing() as program:
        taken = program.address.removeprefix("http://")
        second = subprocess.run([VIEW, "--listen", taken], capture_output=True, timeout=30)
        assert second.returncode == 1
        assert b"Address already in use" in second.stderr
        assert program.stop() == 0


def test_a_foreign_site_cannot_read_it_by_a_name_of_its_own(view):
    assert programs.fetch(view + "/", headers={"Host": "evil.example"})[0] == 403
    assert programs.fetch(view + "/api/traces", headers={"Host": "evil.example:80"})[0] == 403


# ---- files, and the terminal ----


@needs_otlp
def test_files_that_the_exporter_writes_are_shown(tmp_path):
    kept = tmp_path / "traces.jsonl"
    environment = programs.environment(OTEL_C_OTLP_FILE=str(kept))
    command = [CLIENT, "otlp_file", "rich", "10000"]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
    message = tmp_path / "request.otlp"
    message.write_bytes(request_of(7).SerializeToString())
    with viewing(kept, message) as program:
        spans = [span for spans in spans_of(program.address).values() for span in spans]
        assert len(spans) == get(program.address, "/api/traces")["spans"] > 7
        assert sum(span.name.startswith("work ") for span in spans) >= 7


def test_a_file_that_cannot_be_read_is_told_and_the_rest_is_shown(tmp_path):
    good = tmp_path / "request.otlp"
    good.write_bytes(request_of(2).SerializeToString())
    with viewing(tmp_path / "missing", good) as program:
        assert "missing: No such file or directory" in program.output
        assert get(program.address, "/api/traces")["spans"] == 2


def test_what_was_answered_is_there_after_a_kill(tmp_path):
    kept = tmp_path / "kept.otlp"
    for round_number in range(1, 4):
        with viewing("--keep", kept) as program:
            answer = get(program.address, "/api/traces")
            assert answer["spans"] == 6 * (round_number - 1)
            send(program.address, request_of(3, base=round_number * 10**17))
            packed = gzip.compress(request_of(3, base=10**18 + round_number).SerializeToString())
            headers = {"Content_Type": PROTOBUF, "Content_Encoding": "gzip"}
            assert post(program.address, packed, **headers)[0] == 200
            second = subprocess.run(
                [VIEW, "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--keep", kept],
                capture_output=True,
                timeout=30,
            )
            assert (second.returncode, b"another program has it" in second.stderr) == (1, True)
            program.process.kill()
    with kept.open("ab") as file:
        file.write(request_of(3).SerializeToString()[:-5])
    with viewing("--keep", kept) as program:
        assert get(program.address, "/api/traces")["spans"] == 18


def test_traces_are_printed_as_they_come_to_rest():
    with viewing("--tree") as program:
        send(program.address, request_of(3))
        program.read_until(r"trace 0{31}1  3 spans")
        program.read_until(r"work 1 .*\n.*work 2 .*\n.*work 3 ")


# ---- gRPC ----


@pytest.fixture(name="both")
def fixture_both():
    with viewing() as program:
        yield program


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_the_official_exporter_sends_by_grpc_and_every_span_is_there(both, compression):
    exporter = grpc_exporter.OTLPSpanExporter(both.grpc, insecure=True, compression=compression)
    provider = TracerProvider(resource=Resource.create({"service.name": "official"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for number in range(20):
        provider.get_tracer("test").start_span(f"work {number}").end()
    provider.shutdown()
    names = [span.name for spans in spans_of(both.address).values() for span in spans]
    assert sorted(names) == sorted(f"work {number}" for number in range(20))


@needs_otlp
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_our_exporter_sends_by_grpc_and_every_span_is_there(both, compression):
    settings = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_COMPRESSION": compression,
    }
    result, diagnostics = run(urllib.parse.urlsplit(both.grpc).port, "rich", 10000, **settings)
    assert diagnostics == []
    assert sum(map(len, spans_of(both.address).values())) == result["exported"] > 0


EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def test_calls_are_answered_with_the_codes_of_grpc(both):
    with grpc.insecure_channel(both.grpc.removeprefix("http://")) as channel:

        def call(method, message):
            return channel.unary_unary(method)(message, timeout=programs.DEADLINE_SECONDS)

        def code_of(method, message):
            with pytest.raises(grpc.RpcError) as refusal:
                call(method, message)
            return refusal.value.code()

        assert call(EXPORT, request_of(3).SerializeToString()) == b""
        assert call(EXPORT, b"") == b""
        assert code_of(EXPORT, b"\x0a\x7f") == grpc.StatusCode.INVALID_ARGUMENT
        assert code_of("/a.b/C", b"") == grpc.StatusCode.UNIMPLEMENTED
        assert code_of(EXPORT, bytes(65 << 20)) == grpc.StatusCode.RESOURCE_EXHAUSTED
        large = request_of(20000)
        assert call(EXPORT, large.SerializeToString()) == b""
        answer = call(EXPORT, request_of(1, traces=2, name="again").SerializeToString())
        assert answer == b""
        invalid = service.ExportTraceServiceRequest()
        invalid.resource_spans.add().scope_spans.add().spans.add(name="nobody")
        answer = call(EXPORT, invalid.SerializeToString())
        partial = service.ExportTraceServiceResponse.FromString(answer).partial_success
        assert partial.rejected_spans == 1


def test_many_calls_at_once_are_answered_each(both):
    with grpc.insecure_channel(both.grpc.removeprefix("http://")) as channel:
        export = channel.unary_unary(EXPORT)
        calls = [
            export.future(request_of(10, base=first * 10**15).SerializeToString())
            for first in range(1, 201)
        ]
        for one in calls:
            assert one.result(timeout=programs.DEADLINE_SECONDS) == b""
    assert get(both.address, "/api/traces")["received"] == 2000


def test_what_is_no_http2_is_hung_up_on_and_keeps_nobody_waiting(both):
    address = urllib.parse.urlsplit(both.grpc)
    with socket.create_connection((address.hostname, address.port), 30) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 4)
        while stranger.recv(65536):
            pass
    assert get(both.address, "/api/traces")["received"] == 0


# ---- the page ----


@pytest.fixture(scope="module", name="page")
def fixture_page(tmp_path_factory):
    """Return a browser."""
    need(browser.program(), "Chromium")
    opened = browser.Browser(tmp_path_factory.mktemp("browser"))
    yield opened
    opened.close()


def send(address, request):
    assert post(address, request.SerializeToString(), Content_Type=PROTOBUF)[0] == 200


def until(page, condition):
    """Wait in the page until a condition holds."""
    page.evaluate(
        "new Promise((done, fail) => { const end = Date.now() + 30000; const look = () => "
        f"({condition}) ? done() : Date.now() > end ? fail(new Error('never')) : "
        "setTimeout(look, 20); look(); })"
    )


def show(page, url, place="desk", scheme="light"):
    """Load the page, also where only what stands behind # differs."""
    page.show("about:blank", *WIDTHS[place], scheme)
    page.show(url, *WIDTHS[place], scheme)


HOSTILE = "<img src=x onerror=window.injected=1><script>window.injected=1</script>\u202e"


def fill(address):
    """Three services, a database, an error, an event, links, and text that means harm."""
    send(address, request_of(30, traces=40))
    request = service.ExportTraceServiceRequest()
    parent = b""
    for number, name in enumerate(("shop", "payments", HOSTILE), 1):
        resource_spans = request.resource_spans.add()
        resource = resource_spans.resource
        resource.attributes.add(key="service.name").value.string_value = name
        span = resource_spans.scope_spans.add().spans.add(
            trace_id=b"\xee" * 16,
            span_id=bytes([number] * 8),
            parent_span_id=parent,
            name=HOSTILE,
            kind=3,
            start_time_unix_nano=10**18 + number,
            end_time_unix_nano=10**18 + 10**8,
        )
        parent = span.span_id
        span.attributes.add(key=HOSTILE).value.string_value = HOSTILE
        span.events.add(name=HOSTILE, time_unix_nano=10**18 + 5).attributes.add(key="a")
        span.links.add(trace_id=(1).to_bytes(16, "big"), span_id=(1 << 24 | 7).to_bytes(8, "big"))
        span.status.code = 2
        span.status.message = HOSTILE
    span.attributes.add(key="db.system").value.string_value = HOSTILE
    send(address, request)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", WIDTHS)
def test_the_views_are_whole_wherever_they_are_looked_at(page, view, axe, scheme, place):
    """No error, nothing that sticks out, nothing that axe-core minds, no markup from spans."""
    show(page, view, place, scheme)
    until(page, "!element('empty').hidden")
    fill(view)
    for name, path in (("list", "#/"), ("trace", "#/trace/" + "ee" * 16), ("map", "#/map")):
        show(page, f"{view}/{path}", place, scheme)
        until(page, "list.version && !element('lost').checkVisibility()")
        if name == "trace":
            until(page, "document.querySelectorAll('#details dt').length > 10")
        if name == "map":
            until(page, "document.querySelectorAll('#calls tr').length === 3")
        (FOLDER / f"view-{name}-{place}-{scheme}.png").write_bytes(page.picture())
        assert page.complaints() == []
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[place][0]
        page.evaluate(axe + ";0")
        run = "axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))"
        assert page.evaluate(run) == []
        assert page.evaluate("document.querySelectorAll('img, body script').length") == 1
        assert page.evaluate("window.injected") is None


def test_traces_appear_by_themselves_and_grow(page, view):
    show(page, view)
    until(page, "!element('empty').hidden")
    send(view, request_of(2, traces=3))
    until(page, "document.querySelectorAll('#traces .space .row').length === 3")
    newest = page.evaluate("document.querySelector('#traces .space .row').textContent")
    assert "work 1" in newest and "orders" in newest
    request = request_of(5, traces=3, base=10**18 + 1)
    send(view, request)
    until(page, "document.querySelector('#traces .space .spans').textContent === '7'")
    page.evaluate("element('pause').click()")
    until(page, "element('pause').textContent === 'Resume'")


SEARCH = """(() => {{ element('{id}').{property} = {value};
element('search').dispatchEvent(new Event('input', {{bubbles: true}})) }})()"""


def test_a_search_narrows_the_list_and_stands_in_the_address(page, view):
    fill(view)
    show(page, view)
    until(page, "list.rows.length === 41")
    page.evaluate(SEARCH.format(id="q", property="value", value="'number=7 work'"))
    until(page, "list.rows.length === 40")
    page.evaluate(SEARCH.format(id="errors", property="checked", value="true"))
    until(page, "!element('nothing').hidden")
    page.evaluate(SEARCH.format(id="q", property="value", value="''"))
    until(page, "list.rows.length === 1")
    assert page.evaluate("location.hash") == "#/?errors=1"
    show(page, f"{view}/#/?service=orders&least_ms=4")
    until(page, "list.rows.length === 40")
    assert page.evaluate("element('service').value + element('least').value") == "orders4"


def press(page, key, code=0):
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code)


def test_everything_can_be_done_with_the_keyboard(page, view):
    fill(view)
    show(page, view)
    until(page, "list.rows.length === 41")
    page.evaluate("element('traces').focus()")
    press(page, "End", 35)
    until(page, "traces.active === 40")
    press(page, "Home", 36)
    press(page, "ArrowDown", 40)
    until(page, "traces.active === 1")
    press(page, "Enter", 13)
    until(page, "trace.spans.length === 30")
    page.evaluate("element('spans').focus()")
    active = "element(element('spans').getAttribute('aria-activedescendant'))"
    press(page, "Home", 36)
    until(page, f"{active}.getAttribute('aria-expanded') === 'true'")
    press(page, "ArrowLeft", 37)
    until(page, "trace.visible.length === 1")
    press(page, "ArrowRight", 39)
    until(page, "trace.visible.length === 30")
    press(page, "ArrowDown", 40)
    until(page, "element('details').textContent.includes('work 2')")


def test_a_link_leads_to_the_span_that_it_names(page, view):
    fill(view)
    show(page, f"{view}/#/trace/{'ee' * 16}")
    until(page, "document.querySelector('#details a')")
    page.evaluate("document.querySelector('#details a').click()")
    until(page, "element('details').textContent.includes('work 7')")
    show(page, f"{view}/#/trace/{'99' * 16}")
    until(page, "element('trace-name').textContent.includes('not here')")


def test_spans_that_are_each_others_parents_are_shown_once(page, view):
    request = service.ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number, parent in ((1, 2), (2, 1), (3, 3), (4, 9)):
        spans.add(
            trace_id=b"\xcc" * 16, span_id=bytes([number] * 8), parent_span_id=bytes([parent] * 8)
        )
    send(view, request)
    show(page, f"{view}/#/trace/{'cc' * 16}")
    until(page, "trace.spans.length === 4")
    assert page.complaints() == []


def test_it_says_when_the_program_is_gone_and_begins_anew_with_the_next(page):
    with viewing() as program:
        fill(program.address)
        show(page, program.address)
        until(page, "list.rows.length === 41")
    until(page, "!element('lost').hidden")
    with viewing("--listen", program.address.removeprefix("http://")) as program:
        send(program.address, request_of(1))
        until(page, "element('lost').hidden && list.rows.length === 1")


def test_the_policy_allows_the_pages_own_style_and_script_alone(page, view):
    show(page, view)
    page.evaluate(
        "{const s = document.createElement('script'); s.textContent = 'window.injected = 1';"
        "document.body.append(s)}"
    )
    assert page.evaluate("window.injected") is None
    assert any("Content Security Policy" in str(text) for text in page.complaints())


FRAMES = """new Promise(done => {{
    const box = element('{box}'); const times = []; let last = performance.now(); let step = 0;
    const frame = now => {{
        times.push(now - last); last = now;
        box.scrollTop = (++step % 2 ? step : 41 - step) / 41 * box.scrollHeight;
        if (step < 40) requestAnimationFrame(frame);
        else done(times.slice(1).sort((a, b) => a - b));
    }};
    requestAnimationFrame(frame);
}})"""


def test_many_spans_stay_fluid(page):
    """So many that they would stop a page that made a row for each; view_soak.py has more."""
    check_many_spans(page, 10000)


def check_many_spans(page, count):
    """The list, and one trace that has a tenth of them."""
    with viewing() as program:
        for first in range(count // 5000):
            send(program.address, request_of(5, traces=1000, base=(first + 1) * 10**17))
        send(program.address, request_of(count // 10, name="deep", base=10**16))
        began = time.monotonic()
        show(page, program.address)
        until(page, "document.querySelectorAll('#traces .space .row').length > 10")
        listed = time.monotonic() - began
        frames = page.evaluate(FRAMES.format(box="traces"))
        rows = page.evaluate("document.querySelectorAll('#traces .row').length")
        began = time.monotonic()
        page.evaluate(f"location.hash = '#/trace/{1:032x}'")
        until(page, f"trace.spans.length >= {count // 10}")
        opened = time.monotonic() - began
        inside = page.evaluate(FRAMES.format(box="spans"))
        print(
            f"\n{count} spans: list {listed:.2f} s, frames median {frames[20]:.1f} ms, worst "
            f"{frames[-1]:.1f} ms; trace {opened:.2f} s, frames {inside[20]:.1f}, {inside[-1]:.1f}"
        )
        assert rows < 100
        assert listed < 20 and opened < 20
        assert frames[20] < 200 and inside[20] < 200
