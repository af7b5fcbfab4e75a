/* A request and its answer, for tests of answers. */
#ifndef IMPACT_TESTS_HEALTH_EXCHANGE_H
#define IMPACT_TESTS_HEALTH_EXCHANGE_H

#include <impact/health.h>

#include "gate.h"
#include "support/check.h"

/* A request and its answer, as C strings. */
typedef struct exchange {
    impact_http_response response;
    char body[8192];
    bool is_answered;
} exchange;

/* Pairs of a name and a value, and a NULL behind them. */
typedef const char *const *header_list;

static inline impact_text header_of_list(void *carrier, const char *name)
{
    for (header_list pair = carrier; *pair; pair += 2)
        if (strcmp(pair[0], name) == 0)
            return impact_text_of(pair[1]);
    return impact_text_of(NULL);
}

static inline exchange ask_raw(impact_health *health, const char *method, impact_text path,
                               impact_text query, header_list headers)
{
    const impact_http_request request = {
        .size = sizeof request,
        .method = impact_text_of(method),
        .path = path,
        .query = query,
        .header = headers ? header_of_list : NULL,
        .carrier = (void *)(uintptr_t)headers,
    };
    exchange e = {.response = IMPACT_HTTP_RESPONSE};
    e.is_answered = impact_health_answer(health, &request, &e.response);
    CHECK(e.response.body.size < sizeof e.body);
    if (e.response.body.size && e.response.body.size < sizeof e.body)
        memcpy(e.body, e.response.body.data, e.response.body.size);
    return e;
}

static inline exchange ask_with(impact_health *health, const char *path, const char *query,
                                const char *header, const char *value)
{
    const char *const headers[] = {header, value, NULL};
    return ask_raw(health, "GET", impact_text_of(path), impact_text_of(query),
                   header ? headers : NULL);
}

static inline exchange ask(impact_health *health, const char *method, const char *path,
                           const char *query)
{
    return ask_raw(health, method, impact_text_of(path), impact_text_of(query), NULL);
}

static inline const char *header_of(const exchange *e, const char *name)
{
    for (size_t i = 0; i < e->response.header_count; i++)
        if (strcmp(e->response.headers[i].name, name) == 0)
            return e->response.headers[i].value;
    return NULL;
}

/* Check an answer's code and body (NULL: any), that no cache may keep it, and clear it. */
static inline void check_answer(exchange e, int status, const char *body)
{
    CHECK(e.is_answered);
    CHECK_EQUAL(e.response.status, status);
    CHECK_STRING(header_of(&e, "Cache-Control"), "no-cache, no-store");
    if (body)
        CHECK_STRING(e.body, body);
    impact_http_response_clear(&e.response);
}

/* As above, and it is an error in JSON. */
static inline void check_error(exchange e, int status)
{
    CHECK_STRING(header_of(&e, "Content-Type"), "application/json");
    CHECK(strncmp(e.body, "{\"error\":\"", 10) == 0);
    CHECK(strcmp(e.body + strlen(e.body) - 2, "}\n") == 0);
    check_answer(e, status, NULL);
}

static inline int status_of(exchange e)
{
    const int status = e.response.status;
    impact_http_response_clear(&e.response);
    return status;
}

static inline void add(impact_health *health, const char *name, impact_health_check_fn run,
                       const char *groups)
{
    CHECK_EQUAL(impact_health_add(health, IMPACT_CHECK(.name = name, .run = run, .groups = groups,
                                                       .timeout_ms = patience_ms)),
                IMPACT_OK);
}

static inline void close_health(impact_health *health)
{
    CHECK_EQUAL(impact_health_close(health, patience_ms), 0);
}

#endif
