#!/usr/bin/env python3
"""Every struct of a public header that one side fills and the other reads begins with its `size`.

So either side may be of another version, by the rule of src/base/options.h. What is exempt says
why."""

import re

import sources

STRUCT = re.compile(r"^(?:typedef )?struct ?(\w*) \{(.*?)^\}", re.MULTILINE | re.DOTALL)
MEMBER = re.compile(r"\s*([^;]+);")

# A value is copied by both sides and by the compiler, so its layout can never change.
VALUE = "a value, whose layout is for ever"
PART = "stands inside another struct, and cannot grow: what is new stands behind it, in the other"
INLINE = "made and read by what the header inlines, and by nothing else that is not of its version"
VIEW = "a view on bytes, filled where the caller keeps it; what is new is read from them again"
EXEMPT = {
    "impact_text": VALUE,
    "impact_trace_id": VALUE,
    "impact_span_id": VALUE,
    "impact_span_context": VALUE,
    "impact_value": VALUE,
    "impact_attribute": VALUE,
    "impact_sampler": VALUE,
    "impact_link": VALUE,
    "impact_http_header": PART,
    "impact_span_limits": PART,
    "impact_export_tally": PART,
    "impact_check_descriptor_lender": PART,
    "impact_check_mariadb_lender": PART,
    "impact_check_postgresql_lender": PART,
    "impact_check_stats_reader": PART,
    "impact_scope": INLINE,
    "impact_span_guard": INLINE,
    "impact_context_key": INLINE,
    "impact_trace_state": VALUE,
    "impact_allocator": "three functions that do what malloc's do: there will be no fourth",
    "impact_message_walk": VIEW,
    "impact_span_view": VIEW,
    "impact_span_context_view": VIEW,
    "impact_event_view": VIEW,
    "impact_link_view": VIEW,
    "impact_value_view": VIEW,
    "impact_scope_view": VIEW,
}


def problems_of(name, text):
    for match in STRUCT.finditer(sources.without_comments(text)):
        first = MEMBER.match(match[2])
        if not first or first[1].split() != ["size_t", "size"]:
            yield match[1], f"{name}: struct {match[1]} does not begin with `size_t size`"


def main():
    root = sources.options(__doc__).parse_args().root
    found = {}
    for header in sorted((root / "include/impact").glob("*.h")):
        text = header.read_text(encoding="utf-8")
        found |= dict(problems_of(header.relative_to(root), text))
    problems = [problem for struct, problem in found.items() if struct not in EXEMPT]
    exempt = sum(struct in EXEMPT for struct in found)
    sources.finish(problems, f"structs that cross the border say their size, but {exempt}")


if __name__ == "__main__":
    main()
