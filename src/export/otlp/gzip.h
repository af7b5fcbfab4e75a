/* gzip (RFC 1952), both ways, by zlib. */
#ifndef IMPACT_EXPORT_OTLP_GZIP_H
#define IMPACT_EXPORT_OTLP_GZIP_H

#include <impact/status.h>
#include <impact/text.h>

#include "base/buffer.h"

/* Append `text`, at most 1 GiB, compressed. IMPACT_ENOMEM: the buffer is as it was. */
impact_status otlp__gzip_append(impact__buffer *buffer, impact_text text);

/* Append what was compressed, at most `limit` bytes. IMPACT_EINVAL: it is not that, or cut off;
 * IMPACT_ELIMIT: it is more; IMPACT_ENOMEM. The buffer is as it was then. */
impact_status otlp__gunzip_append(impact__buffer *buffer, impact_text compressed, size_t limit);

#endif
