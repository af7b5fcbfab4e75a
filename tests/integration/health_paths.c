/* What the health paths of an application's server answer, whichever the server is. */
#include "health_paths.h"

#include <stdio.h>

#include "support/check.h"
#include "wire.h"

#define CLOSE " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

void check_health_paths_at(uint16_t port)
{
    const char *answer = wire_ask(port, "GET /health/ping" CLOSE);
    CHECK_EQUAL(wire_status(answer), 200);
    CHECK(check_contains(answer, "\r\n\r\npong"));
    CHECK(check_contains(answer, "Cache-Control: no-cache, no-store\r\n"));
    CHECK(check_contains(wire_ask(port, "GET /else" CLOSE), "\r\n\r\nmine"));
    CHECK_EQUAL(wire_status(wire_ask(port, "DELETE /health/" CLOSE)), 405);
}

static void check_bearer(uint16_t port, const char *field)
{
    char request[256];
    (void)snprintf(request, sizeof request,
                   "GET /health/?checks=no HTTP/1.1\r\nHost: a\r\n%s: Bearer sesame\r\n"
                   "Connection: close\r\n\r\n",
                   field);
    const char *answer = wire_ask(port, request);
    CHECK_EQUAL(wire_status(answer), 503);
    CHECK(check_contains(answer, "\"no\":false"));
}

void check_query_and_headers_at(uint16_t port)
{
    CHECK_EQUAL(wire_status(wire_ask(port, "GET /health/" CLOSE)), 401);
    const char *answer = wire_ask(port, "GET /health/?auth=sesame&checks=a%20b" CLOSE);
    CHECK_EQUAL(wire_status(answer), 200);
    CHECK(check_contains(answer, "\"a b\":true"));
    check_bearer(port, "Authorization");
    check_bearer(port, "authorization");
    CHECK_EQUAL(wire_status(wire_ask(port, "GET /health/a%20b?auth=sesame" CLOSE)), 200);
}

void check_health_is_answered_at(uint16_t port)
{
    const int status = wire_status(wire_ask(port, "GET /health/?auth=sesame&checks=a%20b" CLOSE));
    CHECK(status == 200 || status == 503);
}
