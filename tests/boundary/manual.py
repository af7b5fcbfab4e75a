#!/usr/bin/env python3
"""Every public function is named in a page of docs/man, every page there is installed, and the
program that one shows is the one in examples/."""
import re

import public
import sources

PAGE_IN_LIST = re.compile(r"'man/([^']+)'")


def example_problems(root):
    """A page shows the program as it stands in examples/."""
    page = (root / "docs/man/impact_plugin.3").read_text(encoding="utf-8")
    program = (root / "examples/exporter.c").read_text(encoding="utf-8")
    shown = page[page.index(".EX\n") + len(".EX\n") : page.rindex(".EE\n")]
    plain = shown.replace("\\&", "").replace("\\-", "-").replace("\\e", "\\")
    if plain != program:
        yield "docs/man/impact_plugin.3 does not show examples/exporter.c"


def main():
    root = sources.options(__doc__).parse_args().root
    pages = sorted((root / "docs/man").glob("*.[0-9]"))
    words = set()
    for page in pages:
        words |= set(re.findall(r"\w+", page.read_text(encoding="utf-8").replace(r"\_", "_")))
    listed = set(PAGE_IN_LIST.findall((root / "docs/meson.build").read_text(encoding="utf-8")))
    problems = [
        f"{function} is in no page of docs/man"
        for function in sorted(public.declared_anywhere(root) - words)
    ]
    problems += [
        f"docs/man/{page.name} is not in docs/meson.build"
        for page in pages
        if page.name not in listed
    ]
    problems += example_problems(root)
    sources.finish(problems, f"{len(pages)} pages name every public function")


if __name__ == "__main__":
    main()
