/* Writing to a descriptor that is somebody else's, without waiting for whoever reads it. */
#ifndef IMPACT_BASE_NONBLOCKING_H
#define IMPACT_BASE_NONBLOCKING_H

#include <stdbool.h>
#include <stddef.h>

/* Write `size` bytes, at most PIPE_BUF, as one. False: it would have to wait, or cannot be done at
 * all. The descriptor's flags, which other processes share, stay as they are. May raise SIGPIPE. */
bool impact__write_without_waiting(int descriptor, const char *data, size_t size);

#endif
