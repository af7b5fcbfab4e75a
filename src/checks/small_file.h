/* Files of the kernel: small, and made when they are read. */
#ifndef IMPACT_CHECKS_SMALL_FILE_H
#define IMPACT_CHECKS_SMALL_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* Put the whole of a file into the buffer, in the place of what it held. False: it cannot be read,
 * is larger than a MiB, or there is no memory. */
bool impact__file_read(impact__buffer *to, const char *path);

/* The number behind `key` at the start of a line, as in "MemTotal:  16 kB" or "inactive_file 5".
 * False: there is no such line. */
bool impact__file_number(uint64_t *value, impact_text file, const char *key);

#endif
