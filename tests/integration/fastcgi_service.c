/* A FastCGI application with health paths, for a web server in front of it: the argument is its
 * socket. */
#include <impact/fastcgi.h>

#include <stdio.h>
#include <stdlib.h>

static impact_health *open_health(void)
{
    impact_health *health = NULL;
    if (impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.secret = "sesame")) ||
        impact_health_add(health, IMPACT_CHECK(.name = "a b", .run = impact_check_true)) ||
        impact_health_add(health,
                          IMPACT_CHECK(.name = "no", .run = impact_check_false, .groups = "")))
        exit(EXIT_FAILURE);
    return health;
}

static int answer_mine(FCGX_Request *request, void *unused)
{
    (void)unused; /* there is nothing that it needs */
    (void)FCGX_FPrintF(request->out, "Status: 200\r\n\r\nmine");
    return 200;
}

int main(int argc, char **argv)
{
    FCGX_Request request;
    impact_health *health = open_health();
    if (argc < 2 || FCGX_Init() || impact_fastcgi_answer(NULL, health))
        return EXIT_FAILURE;
    const int socket = FCGX_OpenSocket(argv[1], 64);
    if (socket < 0 || FCGX_InitRequest(&request, socket, 0) ||
        impact_fastcgi_answer(&request, health) || impact_fastcgi_answer(&request, NULL))
        return EXIT_FAILURE;
    (void)puts("ready");
    (void)fflush(stdout);
    while (FCGX_Accept_r(&request) == 0) {
        if (!impact_fastcgi_answer(&request, health))
            (void)impact_fastcgi_trace(&request, answer_mine, NULL);
        FCGX_Finish_r(&request);
    }
    return EXIT_SUCCESS;
}
