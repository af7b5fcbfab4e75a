/* The gRPC health protocol, without HTTP/2: what is asked, and what is answered. */
#include "health/grpc_question.h"

#include "exchange.h"
#include "health/grpc_answer.h"
#include "support/faults.h"

static const char *const grpc_headers[] = {"content-type", "application/grpc", NULL};

/* A HealthCheckRequest in its frame. */
static impact_text message_of(char *room, const char *service)
{
    const size_t size = strlen(service);
    const size_t all = size ? size + 2 : 0;
    const char head[] = {0, 0, 0, 0, (char)all, 0x0a, (char)size};
    memcpy(room, head, sizeof head);
    memcpy(room + sizeof head, service, size);
    return impact_text_from(room, 5 + all);
}

static exchange answer(impact_health *health, const char *path, impact__message message,
                       header_list headers)
{
    impact_health_ticket *ticket = NULL;
    const impact_http_request request = {
        .size = sizeof request,
        .method = impact_text_of("POST"),
        .path = impact_text_of(path),
        .header = header_of_list,
        .carrier = (void *)(uintptr_t)headers,
    };
    exchange e = {.response = IMPACT_HTTP_RESPONSE};
    message.request = &request;
    const impact_status status = impact__grpc_begin(&ticket, health, &message);
    e.is_answered = status == IMPACT_OK;
    if (status)
        return e;
    impact_health_wait(ticket);
    CHECK_EQUAL(impact_health_finish_answer(ticket, &e.response), IMPACT_OK);
    return e;
}

static exchange call(impact_health *health, const char *path, impact_text body, header_list headers)
{
    return answer(health, path, (impact__message){.body = body}, headers);
}

static exchange check(impact_health *health, const char *service)
{
    char room[128];
    return call(health, "/grpc.health.v1.Health/Check", message_of(room, service), grpc_headers);
}

/* 1: serving, 2: not serving; else the negative code of an error. */
static int told(exchange e)
{
    const char *code = header_of(&e, "grpc-status");
    const impact_text body = e.response.body;
    CHECK(e.is_answered && code);
    CHECK_EQUAL(e.response.status, 200);
    CHECK_STRING(header_of(&e, "content-type"), "application/grpc");
    CHECK(strcmp(code, "0") == 0 ? body.size == 7 && body.data[4] == 2 && body.data[5] == 8
                                 : !body.size && header_of(&e, "grpc-message"));
    int number = 0;
    if (body.size == 7)
        number = body.data[6];
    else
        CHECK(sscanf(code, "%d", &number) == 1);
    impact_http_response_clear(&e.response);
    return body.size ? number : -number;
}

static impact_health *open_health(const char *secret)
{
    impact_health *health = NULL;
    CHECK_EQUAL(impact_health_open(
                    &health, IMPACT_HEALTH_OPTIONS(.budget_ms = patience_ms, .secret = secret)),
                IMPACT_OK);
    add(health, "db", impact_check_true, "_ready");
    add(health, "100%25", impact_check_false, "_own");
    return health;
}

TEST(a_service_is_a_group_or_a_check_and_the_empty_one_is_ready)
{
    impact_health *health = open_health(NULL);
    CHECK_EQUAL(told(check(health, "")), 1);
    CHECK_EQUAL(told(check(health, "_ready")), 1);
    CHECK_EQUAL(told(check(health, "db")), 1);
    CHECK_EQUAL(told(check(health, "_own")), 2);
    CHECK_EQUAL(told(check(health, "100%25")), 2); /* as it is, not percent-encoded */
    CHECK_EQUAL(told(check(health, "_startup")), 2);
    CHECK_EQUAL(told(check(health, "none")), -5);
    CHECK_EQUAL(told(check(health, "db,none")), -5);
    CHECK_EQUAL(told(check(health, ",")), -5);
    CHECK_EQUAL(impact_health_set_phase(health, IMPACT_HEALTH_DRAINING), IMPACT_OK);
    CHECK_EQUAL(told(check(health, "")), 2);
    CHECK_EQUAL(told(check(health, "db")), 1);
    close_health(health);
}

TEST(a_stranger_may_ask_as_a_probe_does_and_for_nothing_else)
{
    char room[128];
    static const char *const knows[] = {"content-type", "application/grpc+proto", "authorization",
                                        "Bearer s3", NULL};
    impact_health *health = open_health("s3");
    CHECK_EQUAL(told(check(health, "")), 1);
    CHECK_EQUAL(told(check(health, "_live")), 1);
    CHECK_EQUAL(told(check(health, "db")), -16);
    CHECK_EQUAL(told(check(health, "none")), -16);
    CHECK_EQUAL(told(call(health, "/grpc.health.v1.Health/Check", message_of(room, "db"), knows)),
                1);
    close_health(health);
}

TEST(what_is_no_question_is_refused)
{
    static const char bad[][8] = {{0, 0, 0, 0, 1},
                                  {1, 0, 0, 0, 0},
                                  {0, 0, 0, 0, 2, 0x08, 1},
                                  {0, 0, 0, 0, 2, 0x0a, 5},
                                  {0, 0, 0, 0, 1, (char)0xff}};
    static const size_t sizes[] = {5, 5, 7, 7, 6};
    static const char other[] = {0, 0, 0, 0, 2, 0x10, 1}; /* a field of a later version */
    char room[128];
    impact_health *health = open_health(NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        CHECK_EQUAL(told(call(health, "/grpc.health.v1.Health/Check",
                              impact_text_from(bad[i], sizes[i]), grpc_headers)),
                    -3);
    CHECK_EQUAL(
        told(call(health, "/grpc.health.v1.Health/Check", impact_text_from(NULL, 0), grpc_headers)),
        -3);
    CHECK_EQUAL(told(call(health, "/grpc.health.v1.Health/Check",
                          impact_text_from(other, sizeof other), grpc_headers)),
                1);
    CHECK_EQUAL(
        told(call(health, "/grpc.health.v1.Health/List", message_of(room, ""), grpc_headers)), -12);
    CHECK_EQUAL(told(call(health, "/health/", message_of(room, ""), grpc_headers)), -12);
    close_health(health);
}

/* The state in a message behind which others may come, or the negative code of an error. */
static int watched(impact_health *health, const char *service, impact__message message)
{
    char room[128];
    message.body = message_of(room, service);
    exchange e = answer(health, "/grpc.health.v1.Health/Watch", message, grpc_headers);
    const impact_text body = e.response.body;
    if (header_of(&e, "grpc-status"))
        return told(e);
    CHECK(e.is_answered && body.size == 7);
    impact_http_response_clear(&e.response);
    return body.size == 7 ? body.data[6] : 0;
}

TEST(of_a_request_that_is_cut_behind_its_service_nothing_is_taken)
{
    static const char cut[] = {0, 0, 0, 0, 7, 0x0a, 1, 'a', 0x10, 1, 4, 0x0a};
    impact_text service = {NULL, 0};
    CHECK(!impact__grpc_read_request(&service, impact_text_from(cut, sizeof cut)));
    CHECK(!service.data && !service.size);
}

TEST(who_watches_gets_a_message_without_an_end_also_of_what_there_is_not)
{
    const impact__message once = {.body = {NULL, 0}};
    impact_health *health = open_health(NULL);
    CHECK_EQUAL(watched(health, "db", once), 1);
    CHECK_EQUAL(watched(health, "_own", once), 2);
    CHECK_EQUAL(watched(health, "none", once), 3);
    CHECK_EQUAL(watched(health, "a\nb", once), 3);
    CHECK_EQUAL(watched(health, "db", (impact__message){.has_no_room = true}), -8);
    CHECK_EQUAL(watched(health, "db", (impact__message){.is_last = true}), -14);
    close_health(health);
    health = open_health("s3");
    CHECK_EQUAL(watched(health, "", once), 1);
    CHECK_EQUAL(watched(health, "none", once), -16);
    close_health(health);
}

static impact_health_status count_run(impact_health_run *run, void *runs)
{
    (void)run;
    ++*(int *)runs;
    return IMPACT_HEALTH_PASS;
}

TEST(a_look_runs_no_check)
{
    int runs = 0;
    impact_health *health = open_health(NULL);
    CHECK_EQUAL(impact_health_add(
                    health, IMPACT_CHECK(.name = "counted", .run = count_run, .userdata = &runs)),
                IMPACT_OK);
    CHECK_EQUAL(watched(health, "counted", (impact__message){.only_looks = true}), 2);
    CHECK_EQUAL(watched(health, "counted", (impact__message){.only_looks = false}), 1);
    CHECK_EQUAL(watched(health, "counted", (impact__message){.only_looks = true}), 1);
    close_health(health);
    CHECK_EQUAL(runs, 1);
}

TEST(a_request_that_is_none_of_grpc_is_one_of_http)
{
    static const char *const headers[] = {"content-type", "text/plain", NULL};
    impact_health *health = open_health(NULL);
    exchange e = call(health, "/livez", impact_text_of("x"), headers);
    CHECK_EQUAL(e.response.status, 405); /* a POST */
    impact_http_response_clear(&e.response);
    CHECK(!call(health, "/nothing", impact_text_of("x"), headers).is_answered);
    close_health(health);
}

TEST(an_error_that_there_is_not_is_told_as_unavailable)
{
    impact_http_response response = {.size = sizeof response, .status = 503};
    impact__grpc_answer_refused(&response, true);
    CHECK_STRING(response.headers[1].value, "14");
    impact__grpc_answer_error(&response, IMPACT__GRPC_OK);
    CHECK_STRING(response.headers[1].value, "14");
}

TEST(it_survives_every_allocation_failure)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_health *health = NULL;
        if (impact_health_open(&health, IMPACT_HEALTH_OPTIONS(.allocator = &f.allocator,
                                                              .workers = IMPACT_HEALTH_NO_THREADS)))
            continue;
        exchange e = check(health, "_live");
        CHECK(!e.is_answered || atomic_load(&f.injected) || e.response.body.data[6] == 1);
        CHECK(e.is_answered || atomic_load(&f.injected));
        impact_http_response_clear(&e.response);
        CHECK_EQUAL(impact_health_close(health, 0), 0);
    }
}
