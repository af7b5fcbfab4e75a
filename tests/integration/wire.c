/* HTTP by hand. */
#include "wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/check.h"

enum { answer_limit = 64 * 1024, patience_seconds = 60 };

int wire_connect(uint16_t port)
{
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval patience = {.tv_sec = patience_seconds};
    (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (connect(descriptor, (const struct sockaddr *)&address, sizeof address) == 0)
        return descriptor;
    (void)close(descriptor);
    return -1;
}

void wire_send(int descriptor, const char *text)
{
    for (size_t left = strlen(text); left;) {
        const ssize_t sent = send(descriptor, text, left, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the peer has hung up: the answer tells */
        text += sent;
        left -= (size_t)sent;
    }
}

const char *wire_finish(int descriptor)
{
    static char answer[answer_limit];
    size_t size = 0;
    ssize_t got;
    while (size < sizeof answer - 1 &&
           (got = recv(descriptor, answer + size, sizeof answer - 1 - size, 0)) > 0)
        size += (size_t)got;
    answer[size] = 0;
    (void)close(descriptor);
    return answer;
}

const char *wire_ask(uint16_t port, const char *text)
{
    const int descriptor = wire_connect(port);
    if (descriptor < 0)
        return "";
    wire_send(descriptor, text);
    return wire_finish(descriptor);
}

int wire_status(const char *answer)
{
    int status = 0;
    return sscanf(answer, "HTTP/1.%*d %d", &status) == 1 ? status : 0;
}
