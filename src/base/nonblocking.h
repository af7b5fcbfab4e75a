/* Writing to a descriptor that is somebody else's, without waiting for whoever reads it. */
#ifndef IMPACT_BASE_NONBLOCKING_H
#define IMPACT_BASE_NONBLOCKING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Write what goes at once of `size` bytes, and return how many did: 0 when it would have to wait,
 * -1 and errno when it cannot be done. A file takes all, a pipe up to PIPE_BUF as one. The
 * descriptor's flags, which other processes share, stay as they are; SIGPIPE is not raised. A
 * terminal takes all, too, where it may be opened a second time meanwhile, which a child that is
 * forked in that moment inherits. */
ssize_t impact__write_without_waiting(int descriptor, const char *data, size_t size, bool may_open);

#endif
