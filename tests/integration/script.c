/* A server that answers by a script. */
#include "script.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listener.h"
#include "support/check.h"

/* Requests of one connection get one step each; returns the step that the next one begins with. */
static const script_step *serve(int connection, const script_step *step)
{
    char head[4096];
    while ((step->answer || step->closes) && listener_read_head(connection, head, sizeof head)) {
        if (step->answer)
            (void)send(connection, step->answer, strlen(step->answer), MSG_NOSIGNAL);
        if ((step++)->closes)
            break;
    }
    return step;
}

static void *follow(void *argument)
{
    const script *server = argument;
    const script_step *step = server->steps;
    for (int connection; (connection = accept(server->listener, NULL, NULL)) >= 0;) {
        step = serve(connection, step);
        (void)close(connection);
    }
    return NULL;
}

void script_open(script *server, const script_step *steps)
{
    server->steps = steps;
    server->listener = listener_open(&server->port);
    CHECK(server->listener >= 0);
    CHECK(pthread_create(&server->thread, NULL, follow, server) == 0);
}

void script_close(script *server)
{
    listener_interrupt(server->listener);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->listener);
}
