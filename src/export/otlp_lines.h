/* A batch as one line of OTLP in JSON (protocol/file-exporter). */
#ifndef IMPACT_EXPORT_OTLP_LINES_H
#define IMPACT_EXPORT_OTLP_LINES_H

#include <impact/exporter.h>

#include "base/buffer.h"

/* What is kept between batches for its memory. */
typedef struct impact__otlp_line {
    impact__buffer message;
    impact__buffer text;
} impact__otlp_line;

void impact__otlp_line_close(impact__otlp_line *line);

/* Make the line of a batch, its end included: borrowed until the next one. IMPACT_ENOMEM. */
impact_status impact__otlp_line_make(impact_text *made, impact__otlp_line *line,
                                     const impact_batch *batch);

#endif
