/* A listening socket from an address. */
#ifndef IMPACT_SERVE_LISTENER_H
#define IMPACT_SERVE_LISTENER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include <impact/status.h>

typedef struct impact__listener {
    int descriptor; /* owned; not blocking */
    uint16_t port;  /* that was bound; of a Unix socket 0 */
    char path[sizeof((struct sockaddr_un *)NULL)->sun_path]; /* of the file; empty: there is none */
    dev_t device;                                            /* which file it is */
    ino_t file;
} impact__listener;

/* "127.0.0.1:8081", "localhost:8081", "[::1]:8081", ":8081" (every address, of both families where
 * there are two), port 0 takes a free one; "unix:/run/a.sock", where a file that nobody listens at
 * is replaced; "unix:@name". IMPACT_EINVAL: it is no address; IMPACT_ESYSTEM: it cannot be
 * bound. */
impact_status impact__listen_open(impact__listener *listener, const char *address);

/* Close it, and remove its file, unless that is somebody else's by now. */
void impact__listen_close(impact__listener *listener);

#endif
