/* Frames of AMQP 0-9-1. */
#include "checks/amqp_frame.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"

enum {
    frame_method = 1,
    frame_end = 0xce,
    class_connection = 10,
    class_and_method_size = 4,
    size_at = 3, /* in a frame's head */
    short_text_limit = 255,
    reply_success = 200,
};

const char impact__amqp_protocol[impact__amqp_protocol_size + 1] = "AMQP\0\0\x09\x01";

/* ---- reading ---- */

static uint16_t get_16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get_32(const uint8_t *at)
{
    return (uint32_t)get_16(at) << 16 | get_16(at + 2);
}

/* Methods of a connection go over channel 0. */
size_t impact__amqp_rest_size(const uint8_t head[impact__amqp_head_size])
{
    const uint32_t size = get_32(head + size_at);
    const bool is_method = head[0] == frame_method && get_16(head + 1) == 0 &&
                           size >= class_and_method_size && size <= impact__amqp_payload_limit;
    return is_method ? size + 1U : 0;
}

bool impact__amqp_method_of(uint16_t *method, const uint8_t *rest, size_t size)
{
    if (size < class_and_method_size + 1 || rest[size - 1] != frame_end ||
        get_16(rest) != class_connection)
        return false;
    *method = get_16(rest + 2);
    return true;
}

bool impact__amqp_read_tune(impact__amqp_tuning *tuning, const uint8_t *rest, size_t size)
{
    enum { arguments_size = 2 + 4 + 2 };
    if (size < class_and_method_size + arguments_size + 1)
        return false;
    const uint8_t *at = rest + class_and_method_size;
    *tuning = (impact__amqp_tuning){get_16(at), get_32(at + 2), get_16(at + 6)};
    return true;
}

/* A code, then a short text. */
impact_text impact__amqp_read_close(const uint8_t *rest, size_t size)
{
    enum { size_of_text_at = class_and_method_size + 2, text_at };
    if (size <= text_at)
        return impact_text_from(NULL, 0);
    const size_t room = size - text_at - 1; /* before the end mark */
    return impact_text_from((const char *)rest + text_at,
                            impact__smaller(rest[size_of_text_at], room));
}

/* ---- writing ---- */

static void put_16(impact__buffer *to, uint16_t value)
{
    const uint8_t bytes[] = {(uint8_t)(value >> 8), (uint8_t)value};
    impact__buffer_append(to, bytes, sizeof bytes);
}

static void put_32(impact__buffer *to, uint32_t value)
{
    put_16(to, (uint16_t)(value >> 16));
    put_16(to, (uint16_t)value);
}

static void put_short_text(impact__buffer *to, impact_text text)
{
    assert(text.size <= short_text_limit);
    impact__buffer_append_char(to, (char)text.size);
    impact__buffer_append_text(to, text);
}

/* Everything of a frame but its end and its size, which is put in there. Returns where it began. */
static size_t begin(impact__buffer *to, impact__amqp_method method)
{
    const size_t start = to->size;
    impact__buffer_append_char(to, frame_method);
    put_16(to, 0);
    put_32(to, 0);
    put_16(to, class_connection);
    put_16(to, (uint16_t)method);
    return start;
}

static void end(impact__buffer *to, size_t start)
{
    impact__buffer_append_char(to, (char)frame_end);
    if (to->has_failed)
        return;
    const size_t size = to->size - start - impact__amqp_head_size - 1;
    for (size_t i = 0; i < sizeof(uint32_t); i++)
        to->data[start + size_at + i] = (char)(size >> (24 - 8 * i));
}

/* A table inside a table: {"capabilities": {"authentication_failure_close": true}}. Without it
 * RabbitMQ does not say why it refuses a password. */
static void put_properties(impact__buffer *to)
{
    static const char outer[] = "capabilities";
    static const char inner[] = "authentication_failure_close";
    enum {
        inner_size = 1 + sizeof inner - 1 + 2,
        outer_size = 1 + sizeof outer - 1 + 1 + 4 + inner_size,
    };
    put_32(to, outer_size);
    put_short_text(to, impact_text_of(outer));
    impact__buffer_append_char(to, 'F');
    put_32(to, inner_size);
    put_short_text(to, impact_text_of(inner));
    impact__buffer_append(to, "t\1", 2);
}

void impact__amqp_write_start_ok(impact__buffer *to, impact_text user, impact_text password)
{
    const size_t start = begin(to, impact__amqp_start_ok);
    put_properties(to);
    put_short_text(to, impact_text_of("PLAIN"));
    put_32(to, (uint32_t)(user.size + password.size + 2));
    impact__buffer_append_char(to, 0); /* RFC 4616: no other identity, the user, the password */
    impact__buffer_append_text(to, user);
    impact__buffer_append_char(to, 0);
    impact__buffer_append_text(to, password);
    put_short_text(to, impact_text_of("en_US")); /* every server has this one: 1.4.2.2 */
    end(to, start);
}

void impact__amqp_write_tune_ok(impact__buffer *to, const impact__amqp_tuning *tuning)
{
    const size_t start = begin(to, impact__amqp_tune_ok);
    put_16(to, tuning->channel_limit);
    put_32(to, tuning->frame_limit);
    put_16(to, tuning->heartbeat_s);
    end(to, start);
}

/* Behind the name are two fields without a meaning any more. */
void impact__amqp_write_open(impact__buffer *to, impact_text virtual_host)
{
    const size_t start = begin(to, impact__amqp_open);
    put_short_text(to, virtual_host);
    impact__buffer_append(to, "\0\0", 2);
    end(to, start);
}

void impact__amqp_write_close(impact__buffer *to)
{
    const size_t start = begin(to, impact__amqp_close);
    put_16(to, reply_success);
    put_short_text(to, impact_text_of(""));
    put_16(to, 0); /* no method is to blame */
    put_16(to, 0);
    end(to, start);
}

void impact__amqp_write_close_ok(impact__buffer *to)
{
    end(to, begin(to, impact__amqp_close_ok));
}
