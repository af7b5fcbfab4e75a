/* Durations and kinds of spans, for people. */
#ifndef IMPACT_EXPORT_TREE_DURATION_TEXT_H
#define IMPACT_EXPORT_TREE_DURATION_TEXT_H

#include <stdint.h>

#include <impact/span.h>

enum { impact__duration_size = 48 };

/* At most nine columns for what lasts less than ten thousand hours, with two decimals. */
void impact__duration_text(char text[impact__duration_size], uint64_t ns);

/* "server", ...; empty for one that is not said. */
const char *impact__kind_name(impact_span_kind kind);

#endif
