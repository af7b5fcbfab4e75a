"""What the tests of programs share: starting one, reading its output with a deadline, stopping
it."""

import contextlib
import json
import os
import pathlib
import re
import selectors
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
BUILD = pathlib.Path(os.environ.get("IMPACT_BUILD", "build")).resolve()

FLASK = [sys.executable, "-m", "flask"]
DEADLINE_SECONDS = 30
ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")


def environment(**more):
    """This process's, without what would configure the programs, and with output that is not held
    back."""
    foreign = ("OTEL_", "FLASK_", "HEALTH_", "IMPACT_", "PRICES_", "ORDERS_", "BROKER_")
    own = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    return own | {"PYTHONUNBUFFERED": "1", "NO_PROXY": "*", "no_proxy": "*"} | more


class Program:
    """A process whose output (and errors) are read here."""

    def __init__(self, command, **options):
        options.setdefault("env", environment())
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options
        )
        self.output = ""
        self.status = None

    def read_until(self, pattern):
        """Read on until the output has the pattern; return the match."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not (match := re.search(pattern, self.output)):
                assert selector.select(deadline - time.monotonic()), f"no {pattern}: {self.output}"
                piece = os.read(self.process.stdout.fileno(), 65536)
                assert piece, f"it ended without {pattern}: {self.output}"
                self.output += piece.decode()
        return match

    def url(self):
        return self.read_until(ADDRESS).group()

    def stop(self):
        """Ask it to end; return its exit status. `output` is then complete."""
        self.process.terminate()
        rest, _ = self.process.communicate(timeout=DEADLINE_SECONDS)
        self.output += rest.decode()
        self.status = self.process.returncode
        return self.status


@contextlib.contextmanager
def running(command, **options):
    program = Program(command, **options)
    try:
        yield program
    finally:
        if program.status is None:
            program.stop()


def fetch(url, method="GET", body=None, headers=None):
    """The status and the body of an answer, whatever the status."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with opener.open(request, timeout=DEADLINE_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


def json_objects(text):
    """The objects of the console exporter in a text that has other lines as well."""
    decoder = json.JSONDecoder()
    found = []
    position = 0
    while (position := text.find("{\n", position)) >= 0:
        value, position = decoder.raw_decode(text, position)
        found.append(value)
    return found
