/* The names that a post stands on, the backend's and a proxy's, where libcurl is not to look them
 * up itself.
 *
 * DESIGN: libcurl alone knows which of them it needs: whether a proxy is on the way (NO_PROXY), and
 * whether there is a connection already. So it is asked. It is told an address for each name
 * (CURLOPT_RESOLVE), at first one that nobody can have. Where it wants to connect to that, it gets
 * no socket, and the transfer fails there and then; the name is looked up (lookup.h), and the
 * transfer begins anew, with its addresses:
 *
 *     begin -> transfer -> through
 *              ^     | wanted
 *              '- look-up
 *
 * The name stays what it was, in the request, to TLS and to a proxy. One kind of proxy wants the
 * backend's address from libcurl, without connecting there: that is looked up first. A literal
 * address and localhost start no thread, and are left to libcurl. So are names that cannot be
 * looked up here (no c-ares, letters beyond ASCII, which libcurl translates), which is told.
 */
#ifndef IMPACT_EXPORT_OTLP_NAMES_H
#define IMPACT_EXPORT_OTLP_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/buffer.h"
#include "export/otlp/lookup.h"
#include "export/otlp/otlp_environment.h"
#include "export/otlp/sockets.h"

enum { otlp__host_size = 256, otlp__port_size = 8, otlp__names_error_size = 384 };

/* A host and a port as libcurl knows them, and what was found. */
typedef struct otlp__name {
    char host[otlp__host_size]; /* "": there is none */
    char port[otlp__port_size];
    impact__buffer addresses; /* as CURLOPT_RESOLVE takes them; empty: not known */
    uint64_t end_ns;          /* so long they hold */
} otlp__name;

typedef struct otlp__names {
    const otlp__settings *settings; /* borrowed */
    bool are_guarded;               /* libcurl is not to look them up */
    bool has_told;                  /* that it does */
    otlp__name backend;
    otlp__name proxy;
    struct curl_slist *told; /* to libcurl, of the transfer that runs: owned */
    otlp__name *wanted;      /* it has no address yet; NULL: none is */
    otlp__lookup *lookup;    /* of that one, under way: owned; NULL: none is */
    bool is_missed;          /* libcurl looked one up all the same */
    char error[otlp__names_error_size];
} otlp__names;

void otlp__names_open(otlp__names *names, const otlp__settings *settings);

/* Nothing is looked up, and the handle that was told is gone. */
void otlp__names_close(otlp__names *names);

/* From now on names are looked up here, unless libcurl was built so that it starts no thread. */
void otlp__names_guard(otlp__names *names);

/* Before a post: what has had its time is forgotten. IMPACT_ENOMEM. */
impact_status otlp__names_begin(otlp__names *names);

/* Before each transfer of it, while none is wanted. False: there is no memory. */
bool otlp__names_tell(otlp__names *names, CURL *easy);

/* An address is to be found before a transfer can do anything; one that runs has failed. */
bool otlp__names_are_wanted(const otlp__names *names);
impact_status otlp__names_look_up(otlp__names *names, otlp__sockets *sockets);

/* Of what is under way. IMPACT_EAGAIN: it goes on. IMPACT_OK: none is wanted any more. Else one is,
 * until it is ended: IMPACT_ENOMEM, or IMPACT_ESYSTEM: there is no address, and `error` says
 * why. */
impact_status otlp__names_look(otlp__names *names);

/* When to look again at latest; UINT64_MAX: nothing is looked up. */
uint64_t otlp__names_moment(const otlp__names *names);

/* The post is over: end what is under way. */
void otlp__names_stop(otlp__names *names);

/* In a child: what is under way is the parent's, and is left as it is. */
void otlp__names_forget(otlp__names *names);

#endif
