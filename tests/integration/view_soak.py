"""impact view with 100,000 spans, one trace of 10,000 among them, and with the largest request: in
the page, in the terminal, and by its interface. It prints what it has measured."""

import statistics
import threading
import time

import test_view
import test_view_tui
from test_page import fixture_axe  # noqa: F401 (test_view's fixtures use it by name)
from test_view import fixture_page, get, request_of, send, viewing  # noqa: F401 (likewise)

SPANS, LARGE = 100_000, 10_000
LARGE_TRACE = 10**6  # its number, behind those of the others
BOUND_S = 2  # of each answer, on a busy machine

pytestmark = test_view.pytestmark


def fill(address):
    """Traces of five spans, in requests of 5,000, and a large one."""
    for first in range((SPANS - LARGE) // 5000):
        send(address, request_of(5, traces=1000, base=(first + 1) * 10**17, first=1 + first * 1000))
    send(address, request_of(LARGE, name="deep", base=10**16, first=LARGE_TRACE))


def seconds(call):
    began = time.monotonic()
    call()
    return time.monotonic() - began


def test_the_page_stays_fluid(page):
    test_view.check_many_spans(page, SPANS)


def test_answers_stay_short():
    """The list, all of it and with a search that nothing matches; the map; the large trace."""
    paths = {
        "list": "/api/traces",
        "search": "/api/traces?q=nothing",
        "attribute": "/api/traces?q=number=4",
        "map": "/api/map",
        "trace": f"/api/trace/{LARGE_TRACE:032x}",
    }
    with viewing() as program:
        fill(program.address)
        assert get(program.address, "/api/traces")["spans"] == SPANS
        for name, path in paths.items():
            taken = [seconds(lambda path=path: get(program.address, path)) for _ in range(5)]
            print(f"\n{SPANS} spans: {name} {1000 * statistics.median(taken):.1f} ms", end="")
            assert statistics.median(taken) < BOUND_S, name


def press_and_wait(shown, keys, pattern, row=None):
    """How long it takes until the screen has what a key leads to."""
    shown.press(keys)
    return seconds(lambda: shown.until(pattern, row))


def press_and_lose(shown, keys, text):
    """How long it takes until the screen has a text no more."""
    assert text in shown.text()
    shown.press(keys)
    return seconds(lambda: shown.until_it(lambda: text not in shown.text(), f"end of {text}"))


def test_the_terminal_stays_fluid():
    with test_view_tui.terminal() as shown:
        fill(shown.address)
        taken = {
            "list": press_and_wait(shown, "g", rf"{SPANS} spans", 0),
            "end": press_and_lose(shown, "G", "deep 1"),
            "search": press_and_wait(shown, "/nothing\r", r"no trace has all"),
            "attribute": press_and_wait(shown, "\x1b/number=9999\r", r"1 traces", 0),
            "waterfall": press_and_wait(shown, "\r", rf"{LARGE} spans", 0),
            "next span": press_and_wait(shown, "j", r"number = 2\b"),
            "last span": press_and_lose(shown, "G", "number = 2"),
            "fold": press_and_wait(shown, "gh", r"▸ deep 1 "),
        }
    figures = ", ".join(f"{name} {1000 * value:.0f} ms" for name, value in taken.items())
    print(f"\n{SPANS} spans in the terminal: {figures}")
    assert max(taken.values()) < BOUND_S


def test_the_largest_request_keeps_others_waiting_for_a_moment():
    """One thread does everything, a slice of the request at a time."""
    waits = []
    with viewing("--spans", "1000000", "--memory", "1000") as program:
        large = request_of(5, traces=160_000)
        sender = threading.Thread(target=send, args=(program.address, large))
        sender.start()
        while sender.is_alive():
            waits.append(seconds(lambda: get(program.address, "/api/traces?since=999999999")))
        sender.join()
        assert get(program.address, "/api/traces")["spans"] == 800_000
    size = len(large.SerializeToString()) / 2**20
    print(f"\na request of {size:.0f} MiB: others wait {1000 * max(waits):.0f} ms at most")
    assert max(waits) < BOUND_S / 4
