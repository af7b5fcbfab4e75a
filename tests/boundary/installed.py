#!/usr/bin/env python3
"""What `meson install` leaves is whole: a program finds, compiles with, links and runs it.

Arguments: the build folder, the compiler.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import sources

PROGRAM = r"""
#include <stdio.h>

#include <impact/trace.h>

int main(void)
{
    puts(impact_version());
    return 0;
}
"""


def run(command, **options):
    done = subprocess.run(command, text=True, capture_output=True, check=False, **options)
    if done.returncode:
        sys.exit(f"{command}\n{done.stderr}")
    return done.stdout


def files_below(folder, pattern):
    return {path.name for path in folder.rglob(pattern)}


def missing_files(root, prefix):
    headers = {path.name for path in (root / "include/impact").glob("*.h")}
    pages = {path.name for path in (root / "docs/man").glob("*.[0-9]")}
    expected = headers | pages | {"impact.pc", "libimpact.so", "libimpact.so.0"}
    patterns = ("*.h", "*.[0-9]", "*.pc", "*.so", "*.so.0")
    found = set().union(*(files_below(prefix, pattern) for pattern in patterns))
    return [f"{name} is not installed" for name in sorted(expected - found)]


def plugin_problems(prefix):
    """Each plugin stands beside the library, where impact_plugin_load looks."""
    folders = {path.parent for path in prefix.rglob("libimpact.so.0")}
    plugins = list(prefix.rglob("libimpact-*.so.0"))
    strays = [f"{path} is not beside the library" for path in plugins if path.parent not in folders]
    configs = files_below(prefix, "*.pc")
    names = [path.name.removeprefix("lib").removesuffix(".so.0") for path in plugins]
    return strays + [f"{name}.pc is not installed" for name in names if f"{name}.pc" not in configs]


def program_output(prefix, compiler, folder):
    """The words of a program that knows the installation from pkg-config only."""
    config = next(prefix.rglob("impact.pc")).parent
    define = [f"--define-variable=prefix={prefix}"]
    environment = dict(os.environ, PKG_CONFIG_PATH=str(config))
    flags = run(["pkg-config", *define, "--cflags", "--libs", "impact"], env=environment).split()
    (folder / "program.c").write_text(PROGRAM, encoding="utf-8")
    program = str(folder / "program")
    run([*compiler.split(), "-Wall", "-Werror", str(folder / "program.c"), "-o", program, *flags])
    return run([program], env=dict(os.environ, LD_LIBRARY_PATH=str(config.parent))).strip()


def own_exporter_problems(prefix, compiler, folder):
    """The example of an exporter is a plugin by its name, beside another exporter."""
    libraries = next(prefix.rglob("libimpact.so.0")).parent
    flags = ["-Wall", "-Wextra", "-Werror", f"-I{prefix}/include", f"-L{libraries}"]
    examples = sources.ROOT / "examples"
    plugin, program = str(folder / "libimpact-mine.so.0"), str(folder / "first_span")
    build = [*compiler.split(), *flags]
    run([*build, "-shared", "-fPIC", str(examples / "exporter.c"), "-o", plugin, "-limpact"])
    run([*build, str(examples / "first_span.c"), "-o", program, "-limpact"])
    environment = dict(
        os.environ,
        LD_LIBRARY_PATH=str(libraries),
        IMPACT_PLUGIN_PATH=str(folder),
        OTEL_TRACES_EXPORTER="mine,console",
    )
    output = run([program], env=environment)
    said = re.findall(r"^(\w+) took \d+\.\d{3} ms$", output, flags=re.M)
    shown = re.findall(r'^    "name": "(\w+)"', output, flags=re.M)
    if said != ["charge", "checkout"] or shown != said:
        yield f"examples/exporter.c says {said}, the exporter beside it {shown}"


def main():
    build, compiler = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        destination = folder / "destination"
        install = ["meson", "install", "--no-rebuild", "--quiet", "-C", build]
        run([*install, "--destdir", str(destination)])
        prefix = next(destination.rglob("include")).parent
        problems = missing_files(sources.ROOT, prefix) + plugin_problems(prefix)
        version = program_output(prefix, compiler, folder) if not problems else ""
        problems += own_exporter_problems(prefix, compiler, folder)
    sources.finish(problems, f"a program runs with the installed version {version}")


if __name__ == "__main__":
    main()
