/* What a URL tells a client's span. */
#ifndef IMPACT_INSTRUMENT_CURL_URL_FACTS_H
#define IMPACT_INSTRUMENT_CURL_URL_FACTS_H

#include <stdbool.h>

#include "instrument/common/start_attributes.h"

typedef struct impact__url_facts {
    char *host; /* libcurl's copies, which the attributes borrow */
    char *port;
    char *full;
} impact__url_facts;

/* The URL is of http or https; one without a scheme counts, as libcurl guesses http for most, and
 * so does NULL, which is not known. */
bool impact__url_is_http(const char *url);

/* Add server.address, server.port and url.full: without user, password and the values of sensitive
 * keys. `port` wins over the URL's; 0: none does. Nothing is added of a URL that libcurl cannot
 * read (NULL too): there is no telling what is in it. The attributes live until the facts are
 * closed. */
void impact__url_facts_open(impact__url_facts *facts, impact__start_attributes *to, const char *url,
                            long port);
void impact__url_facts_close(impact__url_facts *facts);

#endif
