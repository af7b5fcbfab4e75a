/* Requests for the health paths: method, path, query and the headers that are looked at, a line
 * each. The first byte chooses the registry: with or without a secret, refusing or ignoring unknown
 * names. */
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
                                                          .second_secret = kind & 1 ? "old" : NULL,
                                                          .ignores_unknown_checks = kind & 2,
                                                          .has_probes = true, .workers = 1)) ||
        impact_health_add(health, IMPACT_CHECK(.name = "a", .run = impact_check_true)) ||
        impact_health_add(health,
                          IMPACT_CHECK(.name = "b", .run = impact_check_false, .groups = "_ready")))
        abort();
    return health;
}

static const char *const header_names[] = {"authorization", "x-health-secret", "accept"};
enum { header_count = sizeof header_names / sizeof *header_names };

static impact_text header(void *carrier, const char *name)
{
    const impact_text *values = carrier;
    for (size_t i = 0; i < header_count; i++)
        if (strcmp(name, header_names[i]) == 0)
            return values[i];
    return impact_text_of(NULL);
}

static void require(bool fact)
{
    if (!fact)
        abort();
}

static const char *header_of(const impact_http_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (strcmp(response->headers[i].name, name) == 0)
            return response->headers[i].value;
    return NULL;
}

static void check_headers(const impact_http_response *response)
{
    for (size_t i = 0; i < response->header_count; i++) {
        const char *value = response->headers[i].value;
        require(!strpbrk(value, "\r\n<>\""));
        require(impact__utf8_valid_prefix(impact_text_of(value)) == strlen(value));
    }
    require(header_of(response, "Cache-Control") && header_of(response, "Content-Type"));
    require(!header_of(response, "Location"));
}

/* Of JSON, one line in which nothing can be taken for HTML. */
static void check_body(const impact_http_response *response)
{
    const impact_text body = response->body;
    const bool is_json = strstr(header_of(response, "Content-Type"), "json") != NULL;
    require(body.size <= body_limit);
    require(impact__utf8_valid_prefix(body) == body.size);
    for (size_t i = 0; i < body.size; i++) {
        const bool may_end_line = !is_json || i == body.size - 1;
        require((unsigned char)body.data[i] >= 0x20 || (body.data[i] == '\n' && may_end_line));
        require(!is_json || !strchr("<>&", body.data[i]));
    }
}

static bool is_expected(int status)
{
    static const int statuses[] = {200, 400, 401, 404, 405, 406, 503};
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
    impact_text headers[header_count];
    for (size_t i = 0; i < header_count; i++)
        headers[i] = cut_line(&rest);
    impact_http_request request = {
        .size = sizeof request,
        .method = method,
        .path = path,
        .query = query,
        .header = header,
        .carrier = headers,
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
