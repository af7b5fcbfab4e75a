#!/usr/bin/env python3
"""Writes the page of impact view as C: one text with its style and script in it, and the policy
that allows just these."""

import importlib.util
import pathlib
import sys

FOLDER = pathlib.Path(__file__).parent
SCRIPTS = ("shared", "list", "waterfall", "map", "start")

PAGE = (
    b'<!doctype html><html lang="en"><head><meta charset="utf-8">'
    b'<meta name="viewport" content="width=device-width,initial-scale=1">'
    b'<title>Traces</title><link rel="icon" href="data:,"><style>%b</style></head>'
    b"<body>%b<script>%b</script></body></html>\n"
)


def load(path):
    """Return the generator of the health pages: it reads, digests and writes."""
    spec = importlib.util.spec_from_file_location("embed", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main():
    embed = load(sys.argv[1])
    style, body = embed.read("style.css", FOLDER), embed.read("body.html", FOLDER)
    script = b"\n".join(embed.read(f"{name}.js", FOLDER) for name in SCRIPTS)
    script = script.decode().encode("ascii", "backslashreplace")  # in strings, which know these
    policy = embed.policy_of(style, script)
    text = '#include "page.h"\n'
    text += embed.array("view_page_html", PAGE % (style, body, script))
    text += embed.array("view_page_policy", policy)
    pathlib.Path(sys.argv[2]).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
