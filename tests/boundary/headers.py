#!/usr/bin/env python3
"""Compiles every public header alone, as C11 and as C++17, warnings being errors. Writes TAP."""
import os
import subprocess
import sys

import sources

WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")
LANGUAGES = (("C11", "cc", ("-xc", "-std=c11")), ("C++17", "cxx", ("-xc++", "-std=c++17")))

# What a header of ours needs beside the C library.
NEEDS = {
    "civetweb.h": "civetweb.h",
    "curl.h": "curl/curl.h",
    "evhttp.h": "event2/http.h",
    "fastcgi.h": "fcgiapp.h",
    "microhttpd.h": "microhttpd.h",
    "sqlite.h": "sqlite3.h",
}


def compile_text(command, text):
    """The compiler's complaints; empty when it has none."""
    result = subprocess.run(
        [*command, "-fsyntax-only", "-"], input=text, text=True, capture_output=True, check=False
    )
    return result.stderr or ("" if result.returncode == 0 else "the compiler fails")


def missing_library(compiler, header):
    """The foreign header that is not there, or None."""
    need = NEEDS.get(header)
    return need if need and compile_text(compiler, f"#include <{need}>\n") else None


def check(compiler, root, header):
    """(passed, the reason it was skipped, the complaints) for one header and language."""
    if need := missing_library(compiler, header):
        return os.environ.get("CI") != "true", f"<{need}> is not installed", ""
    once = f"#include <impact/{header}>\n"
    complaints = compile_text([*compiler, *WARNINGS, f"-I{root}/include"], once + once)
    return not complaints, "", complaints


def report(number, what, passed, skip_reason, complaints):
    line = f"{'ok' if passed else 'not ok'} {number} - {what}"
    print(line + (f" # SKIP {skip_reason}" if passed and skip_reason else ""))
    for complaint in (complaints or skip_reason).splitlines():
        print(f"# {complaint}")
    return passed


def main():
    parser = sources.options(__doc__)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--cxx", default="c++")
    arguments = parser.parse_args()
    headers = sorted(path.name for path in (arguments.root / "include/impact").glob("*.h"))
    number = 0
    all_passed = bool(headers)
    for header in headers:
        for language, compiler, flags in LANGUAGES:
            number += 1
            command = [*getattr(arguments, compiler).split(), *flags]
            result = check(command, arguments.root, header)
            all_passed &= report(number, f"{header} as {language}", *result)
    print(f"1..{number}")
    sys.exit(0 if all_passed else 1)


if __name__ == "__main__":
    main()
