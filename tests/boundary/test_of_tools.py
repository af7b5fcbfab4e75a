#!/usr/bin/env python3
"""The scripts behind the Makefile: what they do when something is missing, and that they count."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import sources

TOOLS = sources.ROOT / "tools"

# A program with TAP that crashed after its last "ok", one with a failure of its own, one without
# TAP.
JUNIT = """<testsuites>
<testsuite name="impact.impact:core / crashed"><testcase name="1 - a"/></testsuite>
<testsuite name="impact.impact:core / failed">
<testcase name="1 - a"/><testcase name="2 - b"><failure/></testcase>
<testcase name="3 - c"><skipped/></testcase></testsuite>
<testsuite name="impact"><testcase name="impact / plain"><failure/></testcase></testsuite>
</testsuites>"""
PROGRAMS = (
    ("impact:core / crashed", "ERROR"),
    ("impact:core / failed", "ERROR"),
    ("impact / plain", "FAIL"),
)
PYTEST = '<testsuite name="pytest"><testcase name="a"/><testcase name="b"/></testsuite>'


class Tools(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return str(file)

    def add_command(self, name, script):
        pathlib.Path(self.write(name, f"#!/bin/sh\n{script}\n")).chmod(0o755)

    def run_tool(self, name, *arguments, **environment):
        path = f"{self.folder}:{os.environ['PATH']}"
        whole = dict(os.environ, PATH=path, **environment)
        command = [str(TOOLS / name), *arguments]
        return subprocess.run(command, text=True, capture_output=True, check=False, env=whole)


class Summary(Tools):
    def summary(self, *arguments, ci="false"):
        result = self.run_tool("summary", *arguments, CI=ci)
        return result.returncode, result.stdout.splitlines()[-1]

    def meson_log(self):
        self.write("testlog.junit.xml", JUNIT)
        lines = [json.dumps({"name": name, "result": result}) for name, result in PROGRAMS]
        return self.write("testlog.json", "\n".join(lines))

    def test_a_crash_after_the_last_ok_is_a_failure(self):
        self.assertEqual(self.summary(self.meson_log()), (1, "2 passed, 3 failed, 1 skipped"))

    def test_what_failed_is_named(self):
        result = self.run_tool("summary", self.meson_log())
        named = [line for line in result.stdout.splitlines() if line.startswith("failed: ")]
        self.assertEqual(
            named,
            [
                "failed: impact.impact:core / failed: 2 - b",
                "failed: impact: impact / plain",
                "failed: impact:core / crashed (error)",
            ],
        )

    def test_reports_are_added_up(self):
        python = self.write("python.xml", PYTEST)
        self.assertEqual(self.summary(python), (0, "2 passed, 0 failed, 0 skipped"))
        both = self.summary(self.meson_log(), python)
        self.assertEqual(both, (1, "4 passed, 3 failed, 1 skipped"))

    def test_a_skipped_part_is_a_failure_in_ci(self):
        python = self.write("python.xml", PYTEST)
        here = self.summary("--skipped-part", python)
        self.assertEqual(here, (0, "2 passed, 0 failed, 1 skipped"))
        in_ci = self.summary("--skipped-part", python, ci="true")
        self.assertEqual(in_ci, (1, "2 passed, 1 failed, 0 skipped"))

    def test_a_report_that_is_not_there_is_a_failure(self):
        missing = str(self.folder / "missing.xml")
        self.assertEqual(self.summary(missing), (1, "0 passed, 1 failed, 0 skipped"))


class Setup(Tools):
    def setUp(self):
        super().setUp()
        self.add_command("apt-get", f'echo "$@" >>{self.folder}/calls; exit ${{APT_STATUS:-0}}')
        self.add_command("dpkg-query", 'test "$4" != meson && echo "install ok installed"')
        self.add_command("id", "echo 0")

    def calls(self):
        file = self.folder / "calls"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def test_what_is_missing_is_installed(self):
        self.assertEqual(self.run_tool("setup", "build", "python").returncode, 0)
        self.assertEqual(len(self.calls()), 1)
        self.assertTrue(self.calls()[0].endswith("install --yes --no-install-recommends meson"))

    def test_nothing_is_done_where_nothing_is_missing(self):
        self.assertEqual(self.run_tool("setup", "python").returncode, 0)
        self.assertEqual(self.calls(), [])

    def test_the_lists_are_fetched_when_the_first_try_fails(self):
        self.assertNotEqual(self.run_tool("setup", "build", APT_STATUS="100").returncode, 0)
        self.assertEqual([call.split()[3] for call in self.calls()], ["install", "update"])

    def test_who_is_not_root_is_told_what_to_run(self):
        self.add_command("id", "echo 1000")
        self.add_command("sudo", "exit 1")
        result = self.run_tool("setup", "build")
        self.assertEqual(result.returncode, 1)
        self.assertIn("sudo apt-get install --no-install-recommends meson\n", result.stderr)
        self.assertEqual(self.calls(), [])

    def test_sudo_is_used_where_it_asks_nothing(self):
        self.add_command("id", "echo 1000")
        self.add_command("sudo", f'echo sudo >>{self.folder}/calls; shift; exec "$@"')
        self.assertEqual(self.run_tool("setup", "build").returncode, 0)
        self.assertEqual(len(self.calls()), 3)  # may it, it may: apt-get

    def test_the_groups_are_all_there(self):
        self.add_command("dpkg-query", "exit 1")
        self.run_tool("setup", "build", "python", "test", "lint", "develop")
        packages = "gcc libpq-dev python3-venv g++ postgresql clang-format clang-tidy clang"
        for package in packages.split():
            self.assertIn(package, self.calls()[0].split())


class Lock(unittest.TestCase):
    def test_what_comes_from_the_index_has_a_version_and_hashes(self):
        for name in ("python", "w3c", "wheel"):
            wanted = (TOOLS / f"{name}-packages.txt").read_text(encoding="utf-8")
            locked = (TOOLS / f"{name}-lock.txt").read_text(encoding="utf-8")
            pinned = set(re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE))
            self.assertLessEqual(set(re.findall(r"^[a-z0-9-]+", wanted, re.MULTILINE)), pinned)
            for requirement in re.split(r"\n(?! )", locked.strip()):
                if not requirement.startswith("#"):
                    self.assertRegex(requirement, r"(?s)==\S+ .*--hash=sha256:[0-9a-f]{64}$")

    def test_nothing_is_installed_past_the_lock(self):
        for tool in TOOLS.iterdir():
            for line in tool.read_text(encoding="utf-8").splitlines():
                if re.search(r" -r tools/", line):
                    self.assertRegex(line, r"--require-hashes -r tools/\w+-lock.txt")


if __name__ == "__main__":
    unittest.main()
