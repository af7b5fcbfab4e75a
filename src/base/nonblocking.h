/* Writing to a descriptor that is somebody else's, without waiting for whoever reads it. */
#ifndef IMPACT_BASE_NONBLOCKING_H
#define IMPACT_BASE_NONBLOCKING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Write what goes at once of `size` bytes, and return how many did: 0 when it would have to wait,
 * -1 and errno when it cannot be done. A file takes all, a pipe up to PIPE_BUF as one, a terminal
 * run by run. The descriptor's flags, which other processes share, stay as they are; SIGPIPE is not
 * raised. */
ssize_t impact__write_without_waiting(int descriptor, const char *data, size_t size);

/* The same to a terminal, which takes a text as one: it is opened a second time meanwhile, and a
 * child that is forked in that moment inherits that. False: it is none, or cannot be opened. */
bool impact__write_to_terminal(ssize_t *written, int descriptor, const char *data, size_t size);

#endif
