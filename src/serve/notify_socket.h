/* The socket of a service manager (sd_notify(3)): its address, and a datagram to it. */
#ifndef IMPACT_SERVE_NOTIFY_SOCKET_H
#define IMPACT_SERVE_NOTIFY_SOCKET_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <impact/text.h>

typedef struct impact__notify_socket {
    struct sockaddr_un address;
    socklen_t size; /* of it */
} impact__notify_socket;

/* "/run/systemd/notify", or "@name" for an abstract one. NULL; or why it is no address, a static
 * text, and then `to` is untouched. */
const char *impact__notify_socket_read(impact__notify_socket *to, impact_text address);

/* Send one message. Does not wait, and raises no signal. False: it has not left. */
bool impact__notify_socket_send(const impact__notify_socket *to, impact_text message);

#endif
