#!/usr/bin/env python3
"""Writes what every page of the health paths has in common as C: style, script and icons, and the
policy that allows just these."""

import base64
import hashlib
import pathlib
import sys

FOLDER = pathlib.Path(__file__).parent

POLICY = (
    "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; "
    "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def read(name, folder=FOLDER):
    """Return a file without its indentation."""
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    return "\n".join(line.strip() for line in lines if line.strip()).encode()


def digest(text):
    return base64.b64encode(hashlib.sha256(text).digest()).decode()


def policy_of(style, script):
    return POLICY.format(style=digest(style), script=digest(script)).encode()


def array(name, text):
    """Return a definition; byte by byte, because no compiler has to take a long string."""
    values = ",".join(map(str, text + b"\0"))
    return f"const char {name}[] = {{{values}}};\n"


def main():
    style, script, icons = read("style.css"), read("script.js"), read("icons.svg")
    policy = policy_of(style, script)
    parts = {"style": style, "script": script, "icons": icons, "policy": policy}
    text = '#include "health/render/page_parts.h"\n'
    text += "".join(array(f"impact__page_{name}", part) for name, part in parts.items())
    pathlib.Path(sys.argv[1]).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
