#!/usr/bin/env python3
"""What bench/peers/run.py makes of the answers of the libraries' programs."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import sources

RUN = sources.ROOT / "bench" / "peers" / "run.py"

# Takes the same time for every span, and loses some of them.
PROGRAM = """#!{python}
import sys
exported = -{lost}
for line in sys.stdin:
    work, batches, spans = (line.split() + [0, 0])[:3]
    if work in ("start_end", "three_attributes", "spec", "ten_attributes"):
        exported += int(batches) * int(spans)
    print(exported if work == "exported" else "{ns} " * int(batches), flush=True)
"""


class Peers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def add_program(self, name, ns, lost=0):
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(PROGRAM.format(python=sys.executable, ns=ns, lost=lost), encoding="utf-8")
        file.chmod(0o755)

    def run_peers(self):
        command = [sys.executable, str(RUN), "--rounds", "2", str(self.folder)]
        command += [str(self.folder / name) for name in ("impact", "python3")]
        return subprocess.run(command, text=True, capture_output=True, check=False)

    def test_what_was_not_built_is_left_out_by_name(self):
        self.add_program("impact", 50)
        result = self.run_peers()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("otel-go: left out, it was not built\n", result.stdout)
        self.assertIn("\nbehind: nowhere\n", result.stdout)

    def test_a_ratio_is_the_others_time_by_ours(self):
        self.add_program("impact", 50)
        self.add_program("opentelemetry-go", 100)
        rows = [line.split() for line in self.run_peers().stdout.splitlines()]
        self.assertIn(["spec", "50.00", "50.00", "100.00"], rows)
        self.assertIn(["spec", "1.00", "1.00", "2.00"], rows)

    def test_where_another_is_faster_is_said(self):
        self.add_program("impact", 50)
        self.add_program("opentelemetry-go", 25)
        self.assertIn("behind: start_end otel-go 0.50, ", self.run_peers().stdout)

    def test_who_loses_a_span_fails_the_run(self):
        self.add_program("impact", 50)
        self.add_program("opentelemetry-go", 25, lost=1)
        result = self.run_peers()
        self.assertEqual(result.returncode, 1)
        self.assertIn("otel-go did not export all its spans", result.stderr)
        self.assertNotIn("ns a span", result.stdout)


if __name__ == "__main__":
    unittest.main()
