/* Requests for the health paths: method, path, query and the Authorization header, a line each. The
 * first byte chooses the registry: with or without a secret, refusing or ignoring unknown names. */
#include <impact/health.h>

#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"

enum { registry_count = 4, body_limit = 64 * 1024 };

static impact_health *registries[registry_count];

static impact_health *open_registry(unsigned kind)
{
    impact_health *health = NULL;
    if (impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.secret = kind & 1 ? "s3 cret" : NULL,
                                                          .ignores_unknown_checks = kind & 2,
                                                          .workers = 1)) ||
        impact_health_add(health, IMPACT_CHECK(.name = "a", .run = impact_check_true)) ||
        impact_health_add(health,
                          IMPACT_CHECK(.name = "b", .run = impact_check_false, .groups = "_ready")))
        abort();
    return health;
}

static impact_text header(void *carrier, const char *name)
{
    return strcmp(name, "authorization") == 0 ? *(impact_text *)carrier : impact_text_of(NULL);
}

static void require(bool fact)
{
    if (!fact)
        abort();
}

static void check_headers(const impact_http_response *response)
{
    bool forbids_caching = false;
    for (size_t i = 0; i < response->header_count; i++) {
        const impact_http_header h = response->headers[i];
        require(!strpbrk(h.value, "\r\n<>\""));
        require(impact__utf8_valid_prefix(impact_text_of(h.value)) == strlen(h.value));
        forbids_caching = forbids_caching || strcmp(h.name, "Cache-Control") == 0;
    }
    require(forbids_caching);
}

static void check_body(const impact_http_response *response)
{
    const impact_text body = response->body;
    require(body.size <= body_limit);
    require(impact__utf8_valid_prefix(body) == body.size);
    for (size_t i = 0; i < body.size; i++) {
        const bool is_end = i == body.size - 1;
        require((unsigned char)body.data[i] >= 0x20 || (body.data[i] == '\n' && is_end));
        require(!strchr("<>&", body.data[i]));
    }
}

static bool is_expected(int status)
{
    static const int statuses[] = {200, 204, 308, 400, 401, 404, 405, 503};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i] == status)
            return true;
    return false;
}

static void check_response(const impact_http_response *response)
{
    require(is_expected(response->status));
    check_headers(response);
    check_body(response);
}

static impact_text cut_line(impact_text *rest)
{
    impact_text line = {0};
    (void)impact__text_split(&line, rest, '\n'); /* nothing left: an empty line */
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned kind = size ? data[0] % registry_count : 0;
    if (!registries[kind])
        registries[kind] = open_registry(kind);
    impact_text rest = size ? impact_text_from((const char *)data + 1, size - 1) : (impact_text){0};
    impact_text method = cut_line(&rest);
    impact_text path = cut_line(&rest);
    impact_text query = cut_line(&rest);
    impact_http_request request = {
        .size = sizeof request,
        .method = method,
        .path = path,
        .query = query,
        .header = header,
        .carrier = &rest,
    };
    impact_http_response response = IMPACT_HTTP_RESPONSE;
    const bool is_ours = impact_health_answer(registries[kind], &request, &response);
    if (is_ours)
        check_response(&response);
    impact_http_response_clear(&response);
    impact_health_ticket *ticket = NULL;
    require((impact_health_begin_answer(&ticket, registries[kind], &request) == IMPACT_OK) ==
            is_ours);
    if (ticket) {
        require(impact_health_finish_answer(ticket, &response) == IMPACT_OK);
        check_response(&response);
    }
    impact_http_response_clear(&response);
    return 0;
}
