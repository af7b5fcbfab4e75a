/* What CivetWeb says of a request, as both its answers and its spans need it. */
#ifndef IMPACT_INSTRUMENT_CIVETWEB_CIVETWEB_REQUEST_H
#define IMPACT_INSTRUMENT_CIVETWEB_CIVETWEB_REQUEST_H

#include <stdbool.h>

#include <civetweb.h>

#include <impact/text.h>

enum { impact__civetweb_path_limit = 4096 };

/* The path, which CivetWeb has decoded, encoded again. False: there is none, or it is too long. */
bool impact__civetweb_find_path(impact_text *path, char room[impact__civetweb_path_limit],
                                const struct mg_request_info *info);

#endif
