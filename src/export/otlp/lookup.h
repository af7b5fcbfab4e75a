/* The addresses of a host, looked up without a thread and without waiting. */
#ifndef IMPACT_EXPORT_OTLP_LOOKUP_H
#define IMPACT_EXPORT_OTLP_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/allocator.h>
#include <impact/status.h>
#include <impact/text.h>

#include "export/otlp/sockets.h"

typedef struct otlp__lookup otlp__lookup;

/* False: built without c-ares, and none of what follows is called. */
bool otlp__lookup_is_there(void);

/* Once in a process, before the first. */
void otlp__lookup_prepare(void);

/* Begin to look `name` up. Its sockets stand among `sockets`, borrowed until the end; one at a time
 * may. IMPACT_ENOMEM; IMPACT_ESYSTEM: what the system says of name servers cannot be read. */
impact_status otlp__lookup_begin(otlp__lookup **lookup, const impact_allocator *allocator,
                                 const char *name, otlp__sockets *sockets);

/* What became of it: to be asked whenever something has come, and at the moment. IMPACT_EAGAIN: it
 * goes on. IMPACT_OK: there are addresses. IMPACT_ESYSTEM: there are none. IMPACT_ENOMEM. */
impact_status otlp__lookup_look(otlp__lookup *lookup);
uint64_t otlp__lookup_moment(const otlp__lookup *lookup);

/* As CURLOPT_RESOLVE takes them, the best first: "192.0.2.1,[2001:db8::1]". Borrowed. */
impact_text otlp__lookup_addresses(const otlp__lookup *lookup);

/* Seconds that the addresses hold; 0: they are for now. */
uint32_t otlp__lookup_ttl_s(const otlp__lookup *lookup);

/* Why there are none: a sentence that stays. */
const char *otlp__lookup_error(const otlp__lookup *lookup);

/* At any time; accepts NULL. Not in a child of the process that began it: that one's sockets may be
 * somebody else's here. */
void otlp__lookup_end(otlp__lookup *lookup);

#endif
