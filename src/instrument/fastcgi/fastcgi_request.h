/* What a web server says of a request to a FastCGI application (RFC 3875). */
#ifndef IMPACT_INSTRUMENT_FASTCGI_FASTCGI_REQUEST_H
#define IMPACT_INSTRUMENT_FASTCGI_FASTCGI_REQUEST_H

#include <stdbool.h>

#include <fcgiapp.h>

#include <impact/text.h>

enum {
    impact__fastcgi_path_limit = 4096,
    impact__fastcgi_name_limit = 64 /* of a header, with HTTP_ before it and a NUL behind */
};

/* A parameter, borrowed from the request; empty: it is not there. */
impact_text impact__fastcgi_parameter(const FCGX_Request *request, const char *name);

/* The path as it came, where the server says that (REQUEST_URI is no part of the standard); else
 * from SCRIPT_NAME and PATH_INFO, which are decoded. False: it is too long. */
bool impact__fastcgi_find_path(impact_text *path, char room[impact__fastcgi_path_limit],
                               const FCGX_Request *request);

#endif
