/* A path that a server has decoded, encoded again. */
#ifndef IMPACT_INSTRUMENT_COMMON_ENCODE_PATH_H
#define IMPACT_INSTRUMENT_COMMON_ENCODE_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include <impact/text.h>

/* Append to the `used` bytes at `to`. False: there is no room in `size`, and nothing is
 * appended. */
bool impact__encode_path(char *to, size_t size, size_t *used, impact_text path);

#endif
