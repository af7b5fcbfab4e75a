/* Files of traces into the store. */
#ifndef IMPACT_CLI_VIEW_LOAD_H
#define IMPACT_CLI_VIEW_LOAD_H

#include "base/buffer.h"
#include "store.h"

/* What `text` is: one request in protobuf, one in JSON, or one in JSON a line, as the exporter
 * otlp_file writes them. `bad_line` gets the number of the first line that is none, 0 when all are;
 * the others are taken all the same. IMPACT_EINVAL: it is none of it; IMPACT_ENOMEM. */
impact_status view_load(view_store *store, impact_text text, size_t *bad_line);

/* Likewise, and what is wrong is told on standard error. False: something was. "-" is standard
 * input. */
bool view_load_file(view_store *store, const char *name);

/* Append a file. False: it cannot be read, errno says why. */
bool view_read_file(impact__buffer *to, const char *name);

#endif
