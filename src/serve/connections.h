/* The connections of a port: a fixed number of places, in the order of their deadlines.
 *
 * DESIGN: what a client has to do (send a request, take its answer) it has to do within one time,
 * the same for all. So those that a client is waited for stand in one list, a new wait at its end,
 * and the first of it is the next whose deadline passes; it is also the one to give way when there
 * is no place, or no descriptor, for somebody new. A probe sends its request at once and is
 * answered at once, so it is never the first for long, whatever slow clients do.
 *
 * A few descriptors are kept in reserve, so that a probe is accepted when the process has none
 * left. A connection's own number becomes one again in the moment it is closed (dup3), before
 * anybody else in the process can have it.
 */
#ifndef IMPACT_SERVE_CONNECTIONS_H
#define IMPACT_SERVE_CONNECTIONS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <impact/health.h>

#include "base/buffer.h"

enum { impact__connection_limit = 256, impact__reserve_limit = 4 };

typedef enum impact__connection_phase {
    impact__connection_reads,   /* a request's head, and its body, which is thrown away */
    impact__connection_waits,   /* for its ticket */
    impact__connection_writes,  /* the answer */
    impact__connection_talks,   /* HTTP/2: all of that at once */
    impact__connection_lingers, /* is answered, and throws away what the client still sends */
} impact__connection_phase;

typedef struct impact__connections impact__connections;

typedef struct impact__connection impact__connection;
struct impact__connection {
    _Atomic int socket;       /* -1: the place is free; a forked child reads it too */
    atomic_bool is_completed; /* the ticket is done: told by its callback, pairs with the loop */
    impact__connections *owner;
    impact__connection_phase phase;
    uint32_t events; /* that epoll waits for */
    uint64_t since_ns;
    bool is_listed;
    impact__connection *next; /* in the list; of a free place: the next free one */
    impact__connection *previous;
    impact__buffer in;
    uint64_t body_left; /* to be thrown away before the answer */
    impact_health_ticket *ticket;
    bool is_head;                         /* the request's method */
    bool is_agent;                        /* it is HAProxy's, and is answered with a line */
    bool keeps_alive;                     /* after this answer */
    struct impact__http2_exchange *http2; /* owned; of one that talks */
    bool watches;                         /* its client wants to be told of each change, */
    unsigned looks;                       /* which was looked for so often */
    impact__buffer out;
    size_t sent;
};

struct impact__connections {
    impact__connection places[impact__connection_limit];
    size_t limit; /* of them are used */
    size_t count; /* are taken */
    size_t watching;
    impact__connection *free;
    impact__connection *first; /* the list */
    impact__connection *last;
    int epoll;                                  /* borrowed */
    int wake;                                   /* borrowed: what fills the reserve */
    _Atomic int reserve[impact__reserve_limit]; /* -1: not there */
};

/* All places free, and the reserve full, as far as there are descriptors. */
void impact__connections_open(impact__connections *all, size_t limit, int epoll, int wake);

/* A place for a socket, which it owns from here on; NULL: none is free, or epoll refuses. Then the
 * socket is still the caller's. */
impact__connection *impact__connections_take(impact__connections *all, int socket);

/* Close the socket and free the place; its ticket is abandoned by the caller before. */
void impact__connections_release(impact__connections *all, impact__connection *c);

/* Begin a wait for the client: to the end of the list. Or one for something else: out of it. */
void impact__connections_list(impact__connections *all, impact__connection *c, uint64_t now_ns);
void impact__connections_unlist(impact__connections *all, impact__connection *c);

/* Whether a client may begin to watch, or has; and it does, until its connection ends. Half of the
 * places are kept for others: who watches is not waited for, so he does not give way. */
bool impact__connections_may_watch(const impact__connections *all, const impact__connection *c);
void impact__connections_watch(impact__connections *all, impact__connection *c);

/* Give one descriptor of the reserve back to the process. False: there is none. */
bool impact__connections_open_reserve(impact__connections *all);

/* Close every descriptor. Safe in a forked child, where nothing else may be touched. */
void impact__connections_close_all(impact__connections *all);

#endif
