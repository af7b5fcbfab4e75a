/* What libcurl waits for, in one descriptor: its sockets, those of a guest, and who rings.
 *
 * DESIGN: an epoll descriptor, so that whoever drives a transfer waits for one thing, whatever loop
 * he has. libcurl says which sockets are in it (CURLMOPT_SOCKETFUNCTION), and so does a guest, who
 * looks up the name that the transfer stands on; a bell, an eventfd, lets other threads reach into
 * the waiting.
 */
#ifndef IMPACT_EXPORT_OTLP_SOCKETS_H
#define IMPACT_EXPORT_OTLP_SOCKETS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

/* A guest's socket is ready, or has failed: then both may be tried. */
typedef void otlp__guest_fn(void *userdata, int socket, bool may_read, bool may_write);

typedef struct otlp__sockets {
    CURLM *multi;          /* owned, as all here */
    int descriptor;        /* readable when there is something to do */
    atomic_int bell;       /* -1: there is none */
    otlp__guest_fn *guest; /* NULL: there is none */
    void *guest_userdata;  /* borrowed */
} otlp__sockets;

/* In a forked child also over what was the parent's, which is left as it is: that one may use it,
 * and who closed all descriptors may have others under these numbers. False: the system, or the
 * memory, has no more. */
bool otlp__sockets_open(otlp__sockets *of);

/* When no transfer is in it. */
void otlp__sockets_close(otlp__sockets *of);

/* Forget that somebody rang: before a look at why he did. False: it was closed. */
bool otlp__sockets_hush(otlp__sockets *of);

/* Have libcurl and the guest do what can be done now. False: libcurl cannot go on. */
bool otlp__sockets_act(otlp__sockets *of, int *running);

/* One guest at a time; with NULL he has gone, and his sockets are closed. */
void otlp__sockets_invite(otlp__sockets *of, otlp__guest_fn *guest, void *userdata);

/* The guest wants to hear of a socket of his; neither: no more. False: he will not. */
bool otlp__sockets_watch(const otlp__sockets *of, int socket, bool reads, bool writes);

/* The moment at which libcurl wants to be called at latest; UINT64_MAX: none. */
uint64_t otlp__sockets_moment(const otlp__sockets *of);

/* From any thread, also while another one opens it anew. */
void otlp__sockets_ring(otlp__sockets *of);

/* Wait until it is readable, or until `until_ns` of the monotonic clock; perhaps less. */
void otlp__sockets_wait(const otlp__sockets *of, uint64_t until_ns);

#endif
