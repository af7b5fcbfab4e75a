#!/usr/bin/env python3
"""Each boundary test catches what it is for: a violation is seeded into a copy of the tree.

Arguments: the built libimpact, then unittest's own.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import sources

HERE = pathlib.Path(__file__).resolve().parent
IGNORED = shutil.ignore_patterns("build*", "__pycache__", ".git", "corpus")
LIBRARY = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else None


class Seeded(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in ("include", "src", "docs"):
            shutil.copytree(sources.ROOT / name, self.root / name, ignore=IGNORED)
        shutil.copy(sources.ROOT / "ARCHITECTURE.md", self.root)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def append(self, path, text):
        file = self.root / path
        file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")

    def change(self, path, old, new):
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        self.assertIn(old, text)
        file.write_text(text.replace(old, new), encoding="utf-8")

    def run_on_copy(self, script, *arguments):
        command = [sys.executable, str(HERE / script), "--root", str(self.root), *arguments]
        return subprocess.run(command, text=True, capture_output=True, check=False)

    def assert_caught(self, script, expected, *arguments):
        result = self.run_on_copy(script, *arguments)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn(expected, result.stdout)

    def assert_accepted(self, script, *arguments):
        """Nothing is said of what was seeded; the tree itself is another test's matter."""
        result = self.run_on_copy(script, *arguments)
        self.assertNotIn("seeded", result.stdout)
        self.assertEqual(result.stderr, "")


class Layers(Seeded):
    def test_an_arrow_that_is_not_in_the_table(self):
        self.write("src/base/seeded.c", '#include "trace/queue.h"\n')
        self.assert_caught("layers.py", 'src/base/seeded.c:1: may not include "trace/queue.h"')

    def test_health_and_trace_do_not_know_each_other(self):
        self.write("src/health/seeded.c", '#include "base/text.h"\n\n#include "trace/queue.h"\n')
        self.assert_caught("layers.py", 'src/health/seeded.c:3: may not include "trace/queue.h"')

    def test_an_instrumentor_that_looks_inside(self):
        self.write("src/instrument/curl/seeded.c", '#include "process/fork.h"\n')
        self.assert_caught("layers.py", 'may not include "process/fork.h"')

    def test_an_instrumentor_that_includes_its_own_and_the_shared_folders(self):
        own = '#include "instrument/curl/a.h"\n#include "instrument/sql/b.h"\n'
        self.write("src/instrument/curl/seeded.c", own)
        self.assert_accepted("layers.py")

    def test_a_provided_check_that_knows_the_engine(self):
        self.write("src/instrument/sqlite/sqlite_check.c", '#include "health/engine.h"\n')
        self.assert_caught("layers.py", "src/instrument/sqlite/sqlite_check.c:1")

    def test_a_face_that_looks_inside(self):
        self.write("python/_core/seeded.c", '#include <Python.h>\n\n#include "trace/span.h"\n')
        self.assert_caught("layers.py", "python/_core/seeded.c:3")

    def test_a_public_header_that_looks_inside(self):
        self.append("include/impact/trace.h", '#include "base/text.h"\n')
        self.assert_caught("layers.py", "a public header includes")

    def test_a_folder_without_a_row(self):
        (self.root / "src/base").rename(self.root / "src/kernel")
        self.assert_caught("layers.py", "no row of src/LAYERS")

    def test_a_row_that_points_upward(self):
        self.change("src/LAYERS", "base process signal\n", "base process signal trace\n")
        self.assert_caught("layers.py", "src/LAYERS: signal uses trace")

    def test_a_picture_that_says_otherwise(self):
        self.change("ARCHITECTURE.md", "process <- serve <- health", "trace <- health")
        self.assert_caught("layers.py", "ARCHITECTURE.md: trace <- health is not in src/LAYERS")

    def test_a_room_that_is_not_in_the_picture(self):
        self.change("ARCHITECTURE.md", "serve <- health", "health")
        self.assert_caught("layers.py", "ARCHITECTURE.md: serve is not in the picture")

    def test_a_page_that_names_what_is_not_there(self):
        self.change("ARCHITECTURE.md", "`src/pipeline/batch.c`", "`src/pipeline/bunch.c`")
        self.assert_caught("layers.py", "ARCHITECTURE.md: src/pipeline/bunch.c is not there")

    def test_a_page_that_is_more_than_one(self):
        with (self.root / "ARCHITECTURE.md").open("a", encoding="utf-8") as page:
            page.write("word " * 500)
        self.assert_caught("layers.py", "ARCHITECTURE.md: more than 700 words")

    def test_an_own_header_that_does_not_come_first(self):
        self.write("src/base/seeded.c", '#include <stdio.h>\n\n#include "base/seeded.h"\n')
        self.assert_caught("layers.py", "src/base/seeded.c:3: its own header comes first")

    def test_groups_in_another_order(self):
        text = '#include "base/seeded.h"\n\n#include "base/text.h"\n\n#include <stdio.h>\n'
        self.write("src/base/seeded.c", text)
        self.assert_caught("layers.py", "src/base/seeded.c:5: <system> stands after")

    def test_a_conditional_outside_base(self):
        self.write("src/trace/seeded.c", "#ifdef __linux__\n#endif\n")
        self.assert_caught("layers.py", "src/trace/seeded.c:1: #if outside src/base")

    def test_a_second_conditional_in_a_header(self):
        guarded = "#ifndef SEEDED_H\n#define SEEDED_H\n#if 1\n#endif\n#endif\n"
        self.write("src/trace/seeded.h", guarded)
        self.assert_caught("layers.py", "src/trace/seeded.h:3: #if outside src/base")

    def test_what_stands_in_a_comment_is_no_include(self):
        self.write("src/base/seeded.c", '/*\n#include "trace/queue.h"\n*/\n')
        self.assert_accepted("layers.py")


class Circles(Seeded):
    def test_two_files_that_call_each_other(self):
        for own, other in (("a", "b"), ("b", "a")):
            body = f"void impact__seeded_{own}(void)\n{{\n    impact__seeded_{other}();\n}}\n"
            self.write(f"src/base/seeded_{own}.c", body)
        self.assert_caught(
            "circles.py",
            "circle: base/seeded_a uses base/seeded_b (impact__seeded_b), "
            "base/seeded_b uses base/seeded_a (impact__seeded_a)",
        )

    def test_headers_that_include_each_other(self):
        self.write("src/base/seeded_a.h", '#include "base/seeded_b.h"\n')
        self.write("src/base/seeded_b.h", '#include "base/seeded_a.h"\n')
        self.assert_caught("circles.py", "base/seeded_a uses base/seeded_b (its header)")

    def test_a_declaration_is_no_call(self):
        self.write("src/base/seeded_a.h", "void impact__seeded_b(void);\n")
        body = "void impact__seeded_b(void)\n{\n}\n"
        self.write("src/base/seeded_b.c", f'#include "base/seeded_a.h"\n\n{body}')
        self.assert_accepted("circles.py")

    def test_two_files_of_one_name(self):
        self.write("src/base/seeded.c", "")
        self.write("src/health/seeded.h", "")
        self.assert_caught("circles.py", "src: seeded stands in base, health")


class Words(Seeded):
    def test_each_refused_function(self):
        calls = ("strcpy(a, b)", "sprintf (a, b)", "strtol(a, 0, 10)", "alloca(8)", "malloc(8)")
        for call in calls:
            with self.subTest(call):
                self.write("src/instrument/curl/seeded.c", f"void f(void)\n{{\n    {call};\n}}\n")
                self.assert_caught("words.py", "src/instrument/curl/seeded.c:3")

    def test_printing(self):
        self.write("src/health/seeded.c", 'void f(void)\n{\n    printf("x");\n}\n')
        self.assert_caught("words.py", "src/health/seeded.c:3: printf")

    def test_a_test_that_sleeps(self):
        self.write("tests/unit/seeded.c", "void f(void)\n{\n    usleep(1);\n}\n")
        self.assert_caught("words.py", "tests/unit/seeded.c:3: usleep")

    def test_comments_literals_members_and_longer_names_are_no_calls(self):
        text = '/* malloc( */ const char *a = "free("; int b = c->free(d) + sqlite3_free(e);\n'
        self.write("src/base/seeded.c", text)
        self.assert_accepted("words.py")


    def test_a_second_fork_set(self):
        self.write("src/serve/seeded.c", "void f(void)\n{\n    pthread_atfork(a, b, c);\n}\n")
        self.assert_caught("words.py", "src/serve/seeded.c:3: pthread_atfork")

    def test_a_wait_that_a_cancellation_can_hit(self):
        self.write("src/health/seeded.c", "void f(void)\n{\n    pthread_cond_wait(a, b);\n}\n")
        self.assert_caught("words.py", "src/health/seeded.c:3: pthread_cond_wait")


class Abi(Seeded):
    def test_a_struct_without_a_size(self):
        members = "    int first;\n    size_t size;\n"
        text = f"typedef struct impact_seeded {{\n{members}}} impact_seeded;\n"
        self.append("include/impact/health.h", text)
        self.assert_caught("abi.py", "include/impact/health.h: struct impact_seeded does not begin")

    def test_a_struct_with_one(self):
        text = "typedef struct impact_seeded {\n    size_t size;\n    int b;\n} impact_seeded;\n"
        self.append("include/impact/health.h", text)
        self.assert_accepted("abi.py")


class Shape(Seeded):
    def seed_function(self, length):
        body = "    a++;\n" * (length - 3)
        self.write("src/base/seeded.c", f"static void seeded(int a)\n{{\n{body}}}\n")

    def test_a_function_of_61_lines(self):
        self.seed_function(61)
        self.assert_caught("shape.py", "src/base/seeded.c:1: seeded has 61 lines")

    def test_a_function_of_60_lines(self):
        self.seed_function(60)
        self.assert_accepted("shape.py")

    def test_a_long_function_in_python(self):
        self.write("python/seeded.py", "def seeded():\n" + "    pass\n" * 60)
        self.assert_caught("shape.py", "python/seeded.py:1: seeded has 61 lines")

    def test_a_file_of_601_lines(self):
        self.write("src/base/seeded.h", "\n" * 601)
        self.assert_caught("shape.py", "src/base/seeded.h:1: 601 lines")


class Promises(Seeded):
    def setUp(self):
        super().setUp()
        for name in ("tests", "python"):
            (self.root / name).symlink_to(sources.ROOT / name)

    def seed_row(self, cell):
        table = f"\n| when | then | test |\n|---|---|---|\n| seeded | | {cell} |\n"
        self.append("docs/export.md", table)

    def test_a_row_without_a_test(self):
        self.seed_row("by hand")
        self.assert_caught("promises.py", "docs/export.md: no test shows: seeded")

    def test_a_row_with_a_test_that_is_not_there(self):
        self.seed_row("`tests/unit/export/otlp.c` nobody_wrote_this")
        self.assert_caught("promises.py", "no test nobody_wrote_this in tests/unit/export/otlp.c")

    def test_a_row_with_a_file_that_is_not_there(self):
        self.seed_row("`nowhere.c` opening_accepts_null")
        self.assert_caught("promises.py", "no test opening_accepts_null in nowhere.c")

    def test_a_row_with_a_test(self):
        self.seed_row("`otlp.c` opening_accepts_null")
        self.assert_accepted("promises.py")


class Compliance(Seeded):
    def setUp(self):
        super().setUp()
        for name in ("tests", "python"):
            (self.root / name).symlink_to(sources.ROOT / name)

    def change_answer(self, answer):
        self.change("docs/compliance.md", "| IsValid | yes | ", f"| IsValid | {answer} | ")

    def test_a_row_that_is_missing(self):
        self.change("docs/compliance.md", "| IsValid |", "| IsInvalid |")
        self.assert_caught("compliance.py", "missing: Traces / SpanContext / IsValid")
        self.assert_caught("compliance.py", "not in the matrix: Traces / SpanContext / IsInvalid")

    def test_a_row_without_an_answer(self):
        self.change_answer("perhaps")
        self.assert_caught("compliance.py", 'neither "yes" nor a reason: IsValid')

    def test_a_no_without_a_reason(self):
        self.change_answer("no")
        self.assert_caught("compliance.py", 'neither "yes" nor a reason: IsValid')

    def test_a_yes_with_a_test_that_is_not_there(self):
        self.change("docs/compliance.md", "a_context_is_valid_when", "nobody_wrote_what_is_when")
        self.assert_caught("compliance.py", "there is no test nobody_wrote_what_is_when")

    def test_a_row_out_of_order(self):
        page = (self.root / "docs/compliance.md").read_text(encoding="utf-8")
        row = next(line for line in page.splitlines() if line.startswith("| IsValid |"))
        following = page[page.index(row) + len(row) + 1 :].splitlines()[0]
        self.change("docs/compliance.md", f"{row}\n{following}\n", f"{following}\n{row}\n")
        self.assert_caught("compliance.py", "not in the order of")


class Headers(Seeded):
    def setUp(self):
        super().setUp()
        for header in (self.root / "include/impact").glob("*.h"):
            if header.name not in ("status.h", "text.h"):
                header.unlink()  # compiling them all each time proves nothing more

    def test_a_header_that_leans_on_another(self):
        self.write("include/impact/seeded.h", "impact_text seeded(void);\n")
        self.assert_caught("headers.py", "not ok 1 - seeded.h as C11")

    def test_a_header_that_is_no_cplusplus(self):
        self.write("include/impact/seeded.h", "struct seeded { int class; };\n")
        self.assert_caught("headers.py", "not ok 2 - seeded.h as C++17")

    def test_a_header_without_a_guard(self):
        self.write("include/impact/seeded.h", "struct seeded { int a; };\n")
        self.assert_caught("headers.py", "not ok 1 - seeded.h as C11")

    def test_no_headers_at_all(self):
        shutil.rmtree(self.root / "include")
        self.assertEqual(self.run_on_copy("headers.py").returncode, 1)


@unittest.skipUnless(LIBRARY, "no library was given")
class Symbols(Seeded):
    def test_a_function_that_is_declared_only(self):
        self.append("include/impact/status.h", "IMPACT_API int impact_seeded(void);\n")
        expected = "impact_seeded is declared and not exported"
        self.assert_caught("symbols.py", expected, LIBRARY)

    def test_a_function_that_is_exported_only(self):
        header = self.root / "include/impact/status.h"
        text = header.read_text(encoding="utf-8").replace("impact_version(", "impact_renamed(")
        header.write_text(text, encoding="utf-8")
        expected = "impact_version is exported and not declared"
        self.assert_caught("symbols.py", expected, LIBRARY)


class Manual(Seeded):
    def setUp(self):
        super().setUp()
        shutil.copytree(sources.ROOT / "examples", self.root / "examples", ignore=IGNORED)

    def test_a_page_that_shows_another_program(self):
        self.change("examples/exporter.c", "took %.3f ms", "lasted %.3f ms")
        self.assert_caught("manual.py", "impact_plugin.3 does not show examples/exporter.c")

    def test_a_function_without_a_page(self):
        self.append("include/impact/status.h", "IMPACT_API int impact_seeded(void);\n")
        self.assert_caught("manual.py", "impact_seeded is in no page of docs/man")

    def test_a_page_that_is_not_installed(self):
        self.write("docs/man/impact_seeded.3", ".TH IMPACT_SEEDED 3\n")
        self.assert_caught("manual.py", "docs/man/impact_seeded.3 is not in docs/meson.build")


if __name__ == "__main__":
    unittest.main()
