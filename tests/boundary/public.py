"""The functions that the public headers declare, and the library that each header belongs to."""
import re

import sources

DECLARATION = re.compile(r"\bIMPACT_API\b[^;{]*?\b(impact_\w+)\s*\(")
PREPROCESSOR = re.compile(r"^\s*#(?:.*\\\n)*.*$", re.MULTILINE)

# Headers of libimpact are all the others.
PLUGIN_HEADERS = {
    "civetweb": ("civetweb.h",),
    "curl": ("curl.h", "curl_checks.h"),
    "evhttp": ("evhttp.h",),
    "fastcgi": ("fastcgi.h",),
    "mariadb": ("mariadb.h",),
    "microhttpd": ("microhttpd.h",),
    "postgresql": ("postgresql.h",),
    "sqlite": ("sqlite.h", "sqlite_check.h"),
    "ulfius": ("ulfius.h",),
}


def declared_in(header):
    text = sources.without_comments(header.read_text(encoding="utf-8"))
    return set(DECLARATION.findall(PREPROCESSOR.sub("", text)))


def declared(root, library):
    """What `library`, "impact" or a plugin's name, has to export."""
    headers = (root / "include/impact").glob("*.h")
    if library == "impact":
        others = {name for names in PLUGIN_HEADERS.values() for name in names}
        own = [header for header in headers if header.name not in others]
    else:
        own = [header for header in headers if header.name in PLUGIN_HEADERS.get(library, ())]
    return set().union(*(declared_in(header) for header in own))


def declared_anywhere(root):
    return set().union(*(declared_in(header) for header in (root / "include/impact").glob("*.h")))
