/* Names, by the system's resolver. It minds no deadline: whoever calls has one of his own. */
#include "probe_resolve.h"

#include <netdb.h>
#include <stdio.h>

const char *probe_resolve_name(const char *host, uint16_t port, probe_address_fn visit,
                               void *userdata)
{
    char service[8];
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    (void)snprintf(service, sizeof service, "%u", (unsigned)port); /* it fits */
    const int failure = getaddrinfo(host, service, &hints, &found);
    if (failure)
        return gai_strerror(failure);
    for (const struct addrinfo *one = found; one; one = one->ai_next)
        if (visit(userdata, one->ai_addr, one->ai_addrlen))
            break;
    freeaddrinfo(found);
    return NULL;
}
