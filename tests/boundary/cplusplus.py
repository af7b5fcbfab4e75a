#!/usr/bin/env python3
"""Compiles cplusplus.cpp as C++17 with the public headers, warnings being errors, and runs it."""
import pathlib
import subprocess
import sys
import tempfile

import sources

FLAGS = ("-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror")


def main():
    parser = sources.options(__doc__)
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("--cxx", default="c++")
    arguments = parser.parse_args()
    source = arguments.root / "tests/boundary/cplusplus.cpp"
    library = arguments.library.resolve()
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "program"
        command = [arguments.cxx, *FLAGS, f"-I{arguments.root}/include", source, library]
        subprocess.run([*command, f"-Wl,-rpath,{library.parent}", "-o", program], check=True)
        status = subprocess.run([program], check=False).returncode
    problems = [f"cplusplus.cpp ends with {status}"] if status else []
    sources.finish(problems, "a C++17 program has its spans")


if __name__ == "__main__":
    sys.exit(main())
