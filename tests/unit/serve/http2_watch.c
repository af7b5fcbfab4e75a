/* Watching over HTTP/2, without a socket: what the plugin sends to a client's frames. */
#include <string.h>

#include <impact/http2.h>
#include <impact/plugin.h>

#include "base/buffer.h"
#include "base/text.h"
#include "health/grpc_question.h"
#include "support/check.h"
#include "support/faults.h"

IMPACT_API extern const impact_plugin impact_plugin_http2;

enum { frame_head = 9, type_data = 0, type_headers = 1, type_ping = 6, type_goaway = 7 };

/* A session, its service, and what it has sent. */
typedef struct talk {
    impact_health *health;
    impact_http2_session *session;
    impact_http2_host host;
    bool is_last;
    bool has_no_room;
    bool may_fail; /* memory is short */
    impact__buffer sent;
} talk;

static const impact_http2 *plugin(void)
{
    return impact_plugin_http2.http2;
}

static impact_status begin(void *service, impact_health_ticket **ticket,
                           const impact_http_request *request, impact_text body)
{
    const talk *t = service;
    impact__message message = {
        .request = request, .body = body, .is_last = t->is_last, .has_no_room = t->has_no_room};
    return impact__grpc_begin(ticket, t->health, &message);
}

static void done(void *connection)
{
    (void)connection;
}

static void send_all(talk *t)
{
    impact_text bytes;
    (void)plugin()->answer(t->session);
    while ((bytes = plugin()->next(t->session)).size)
        impact__buffer_append_text(&t->sent, bytes);
}

static void hear(talk *t, const void *bytes, size_t size)
{
    const bool goes_on = plugin()->receive(t->session, impact_text_from(bytes, size));
    CHECK(goes_on || t->may_fail);
    send_all(t);
}

/* False: there is no memory. */
static bool try_open_talk(talk *t)
{
    *t = (talk){.sent = IMPACT__BUFFER(NULL)};
    t->host = (impact_http2_host){
        .size = sizeof t->host, .service = t, .begin = begin, .done = done, .connection = t};
    return !impact_health_open(&t->health,
                               IMPACT_HEALTH_OPTIONS(.workers = IMPACT_HEALTH_NO_THREADS)) &&
           !impact_health_add(t->health, IMPACT_CHECK(.name = "a")) &&
           !impact_health_push(t->health, "a", IMPACT_HEALTH_PASS, NULL) &&
           !plugin()->open(&t->session, &t->host);
}

static void open_talk(talk *t)
{
    REQUIRE(try_open_talk(t));
}

static void close_talk(talk *t)
{
    plugin()->close(t->session);
    CHECK_EQUAL(impact_health_close(t->health, 0), 0); /* no ticket is left that holds it */
    impact__buffer_close(&t->sent);
}

/* The client's preface and settings; its window of a stream. */
static void greet(talk *t, char window)
{
    const char settings[] = {0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, window};
    hear(t, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    hear(t, settings, sizeof settings);
}

static void append_field(impact__buffer *to, const char *name, const char *value)
{
    impact__buffer_append_char(to, 0); /* a literal that is not indexed (RFC 7541 6.2.2) */
    impact__buffer_append_char(to, (char)strlen(name));
    impact__buffer_append_string(to, name);
    impact__buffer_append_char(to, (char)strlen(value));
    impact__buffer_append_string(to, value);
}

static void append_frame(impact__buffer *to, char type, char flags, impact_text payload)
{
    const char head[] = {0, 0, (char)payload.size, type, flags, 0, 0, 0, 1};
    impact__buffer_append(to, head, sizeof head);
    impact__buffer_append_text(to, payload);
}

/* On stream 1: Watch of the check "a". */
static void watch(talk *t)
{
    static const char question[] = {0, 0, 0, 0, 3, 0x0a, 1, 'a'};
    impact__buffer head = IMPACT__BUFFER(NULL);
    impact__buffer all = IMPACT__BUFFER(NULL);
    append_field(&head, ":method", "POST");
    append_field(&head, ":scheme", "http");
    append_field(&head, ":authority", "a");
    append_field(&head, ":path", "/grpc.health.v1.Health/Watch");
    append_field(&head, "content-type", "application/grpc");
    append_frame(&all, type_headers, 4, impact__buffer_text(&head));
    append_frame(&all, type_data, 1, impact_text_from(question, sizeof question));
    if (!head.has_failed && !all.has_failed)
        hear(t, all.data, all.size);
    impact__buffer_close(&head);
    impact__buffer_close(&all);
}

static void push(talk *t, impact_health_status status)
{
    CHECK_EQUAL(impact_health_push(t->health, "a", status, NULL), IMPACT_OK);
    plugin()->ask_again(t->session);
    send_all(t);
}

/* The next frame of this type, whose payload is returned; of none its data is NULL. */
static impact_text next_frame(impact_text *rest, int type)
{
    while (rest->size >= frame_head) {
        const unsigned char *at = (const unsigned char *)rest->data;
        const size_t size = (size_t)at[1] << 8 | at[2];
        const impact_text payload = impact_text_from(rest->data + frame_head, size);
        CHECK(rest->size >= frame_head + size);
        if (rest->size < frame_head + size)
            break;
        *rest = impact_text_from(rest->data + frame_head + size, rest->size - frame_head - size);
        if (at[3] == type)
            return payload;
    }
    return impact_text_from(NULL, 0);
}

/* The states that were told since the last call, a digit each. */
static const char *told(talk *t)
{
    static char states[32];
    size_t count = 0;
    impact_text rest = impact__buffer_text(&t->sent);
    impact_text payload;
    while ((payload = next_frame(&rest, type_data)).data && count < sizeof states - 1)
        if (payload.size == 7)
            states[count++] = (char)('0' + payload.data[6]);
    states[count] = '\0';
    impact__buffer_clear(&t->sent);
    return states;
}

TEST(each_change_is_told_once_and_what_is_the_same_is_not)
{
    talk t;
    open_talk(&t);
    greet(&t, 100);
    watch(&t);
    CHECK_STRING(told(&t), "1");
    CHECK_EQUAL(plugin()->answer(t.session), 1); /* it waits for us */
    push(&t, IMPACT_HEALTH_PASS);
    push(&t, IMPACT_HEALTH_WARN);
    CHECK_STRING(told(&t), "");
    push(&t, IMPACT_HEALTH_FAIL);
    push(&t, IMPACT_HEALTH_FAIL);
    push(&t, IMPACT_HEALTH_PASS);
    CHECK_STRING(told(&t), "21");
    CHECK_EQUAL(impact_health_remove(t.health, "a"), IMPACT_OK);
    plugin()->ask_again(t.session);
    send_all(&t);
    CHECK_STRING(told(&t), "3");
    CHECK(!plugin()->owes(t.session) && !plugin()->is_over(t.session));
    close_talk(&t);
}

TEST(a_client_owes_what_it_does_not_take_and_gets_the_newest_when_it_does)
{
    static const char window[] = {0, 0, 4, 8, 0, 0, 0, 0, 1, 0, 0, 0, 50};
    talk t;
    open_talk(&t);
    greet(&t, 7); /* room for one message */
    watch(&t);
    CHECK_STRING(told(&t), "1");
    CHECK(!plugin()->owes(t.session));
    push(&t, IMPACT_HEALTH_FAIL);
    for (int i = 0; i < 50; i++)
        push(&t, i % 2 ? IMPACT_HEALTH_FAIL : IMPACT_HEALTH_PASS);
    push(&t, IMPACT_HEALTH_PASS);
    CHECK_STRING(told(&t), "");
    CHECK(plugin()->owes(t.session));
    hear(&t, window, sizeof window);
    send_all(&t);
    CHECK_STRING(told(&t), "21"); /* what was begun, and what is so now */
    CHECK(!plugin()->owes(t.session));
    close_talk(&t);
}

TEST(a_ping_is_owed_until_it_is_answered)
{
    static const char answer[] = {0, 0, 8, 6, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    talk t;
    open_talk(&t);
    greet(&t, 100);
    watch(&t);
    CHECK(!plugin()->owes(t.session));
    impact__buffer_clear(&t.sent);
    plugin()->ping(t.session);
    plugin()->ping(t.session); /* one at a time */
    send_all(&t);
    impact_text rest = impact__buffer_text(&t.sent);
    CHECK(next_frame(&rest, type_ping).data && !next_frame(&rest, type_ping).data);
    CHECK(plugin()->owes(t.session));
    hear(&t, answer, sizeof answer);
    CHECK(!plugin()->owes(t.session));
    close_talk(&t);
}

TEST(at_the_end_a_stream_ends_with_a_status_and_then_the_connection)
{
    talk t;
    open_talk(&t);
    greet(&t, 100);
    watch(&t);
    impact__buffer_clear(&t.sent);
    t.is_last = true;
    plugin()->end(t.session);
    send_all(&t);
    impact_text rest = impact__buffer_text(&t.sent);
    CHECK(next_frame(&rest, type_goaway).data);
    rest = impact__buffer_text(&t.sent);
    const impact_text trailers = next_frame(&rest, type_headers);
    REQUIRE(trailers.data);
    CHECK(trailers.data[-5] & 1); /* END_STREAM */
    close_talk(&t);
}

TEST(who_has_no_room_is_told_so_and_asked_no_more)
{
    talk t;
    open_talk(&t);
    t.has_no_room = true;
    greet(&t, 100);
    watch(&t);
    impact_text rest = impact__buffer_text(&t.sent);
    CHECK(next_frame(&rest, type_headers).data && !next_frame(&rest, type_data).data);
    CHECK_EQUAL(plugin()->answer(t.session), 0);
    close_talk(&t);
}

static void live_with_little_memory(void)
{
    talk t;
    if (try_open_talk(&t)) {
        t.may_fail = true;
        greet(&t, 100);
        watch(&t);
        push(&t, IMPACT_HEALTH_FAIL);
        push(&t, IMPACT_HEALTH_PASS);
        t.is_last = true;
        plugin()->end(t.session);
        send_all(&t);
    }
    close_talk(&t);
}

TEST(it_survives_every_allocation_failure)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact_allocator_set_default(&f.allocator);
        live_with_little_memory();
        impact_allocator_set_default(NULL);
    }
}
