/* Writing to a descriptor that is somebody else's, without waiting for whoever reads it. */
#ifndef IMPACT_BASE_NONBLOCKING_H
#define IMPACT_BASE_NONBLOCKING_H

#include <stddef.h>
#include <sys/types.h>

/* Write what goes at once of `size` bytes, and return how many did: 0 when it would have to wait,
 * -1 and errno when it cannot be done. What a pipe takes, up to PIPE_BUF, it takes as one. The
 * descriptor's flags, which other processes share, stay as they are; SIGPIPE is not raised. */
ssize_t impact__write_without_waiting(int descriptor, const char *data, size_t size);

#endif
