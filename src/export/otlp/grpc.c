/* gRPC: the head of a message, and the status that ends a call. */
#include "export/otlp/grpc.h"

#include <assert.h>
#include <string.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/protobuf.h"
#include "base/text.h"

enum {
    message_limit = 1024,      /* bytes of grpc-message that are looked at */
    details_limit = 4096,      /* bytes of grpc-status-details-bin, encoded */
    wait_limit_s = 366 * 86400 /* as for Retry-After: later than any deadline */
};

/* ---- the head ---- */

void otlp__grpc_write_head(char to[OTLP__GRPC_HEAD_SIZE], bool is_compressed, size_t size)
{
    assert(size <= UINT32_MAX);
    to[0] = (char)is_compressed;
    for (int i = 0; i < 4; i++)
        to[1 + i] = (char)(size >> (24 - 8 * i) & 0xFF);
}

bool otlp__grpc_message(impact_text *message, bool *is_compressed, impact_text body)
{
    if (body.size < OTLP__GRPC_HEAD_SIZE || (unsigned char)body.data[0] > 1)
        return false;
    size_t size = 0;
    for (int i = 0; i < 4; i++)
        size = size << 8 | (unsigned char)body.data[1 + i];
    if (size != body.size - OTLP__GRPC_HEAD_SIZE)
        return false;
    *is_compressed = body.data[0] == 1;
    *message = impact_text_from(body.data + OTLP__GRPC_HEAD_SIZE, size);
    return true;
}

/* ---- the details: google.rpc.Status, in it Any, in that RetryInfo ---- */

/* The next field of this number that holds bytes. */
static bool next_bytes(impact_text *bytes, uint32_t number, impact_text *rest)
{
    impact__field field;
    while (impact__read_field(&field, rest)) {
        if (field.number != number || field.wire_type != IMPACT__WIRE_LENGTH)
            continue;
        *bytes = field.bytes;
        return true;
    }
    return false;
}

/* Any: type_url 1, value 2. */
static bool is_retry_info(impact_text any)
{
    static const char name[] = "/google.rpc.RetryInfo";
    const size_t size = sizeof name - 1;
    impact_text type;
    return next_bytes(&type, 1, &any) && type.size >= size &&
           memcmp(type.data + type.size - size, name, size) == 0;
}

/* Duration: seconds 1, nanos 2; one that is negative is none. */
static uint64_t duration_ms(impact_text duration)
{
    uint64_t seconds = 0;
    uint64_t nanos = 0;
    impact__field field;
    while (impact__read_field(&field, &duration)) {
        if (field.wire_type != IMPACT__WIRE_VARINT)
            continue;
        seconds = field.number == 1 ? field.value : seconds;
        nanos = field.number == 2 ? field.value : nanos;
    }
    if (seconds > INT64_MAX || nanos >= 1000000000)
        return 0;
    if (seconds > wait_limit_s)
        seconds = wait_limit_s;
    return seconds * 1000 + (nanos + 999999) / 1000000;
}

static void read_retry_info(otlp__grpc_status *status, impact_text any)
{
    impact_text info;
    impact_text delay = {NULL, 0};
    if (!next_bytes(&info, 2, &any))
        return;
    (void)next_bytes(&delay, 1, &info); /* without one it is 0 */
    status->asks_to_wait = true;
    status->wait_ms = duration_ms(delay);
}

static void read_details(otlp__grpc_status *status, impact_text encoded)
{
    char bytes[details_limit];
    size_t size = 0;
    if (encoded.size > sizeof bytes || !impact__base64_decode(bytes, &size, encoded))
        return;
    impact_text rest = impact_text_from(bytes, size);
    impact_text any;
    while (next_bytes(&any, 3, &rest))
        if (is_retry_info(any))
            read_retry_info(status, any);
}

/* ---- headers ---- */

/* What cannot be decoded is shown as it is. */
static otlp__reason read_message(impact_text encoded)
{
    char decoded[message_limit];
    size_t size = 0;
    if (encoded.size > sizeof decoded)
        encoded.size = sizeof decoded;
    if (!impact__percent_decode(decoded, &size, encoded, false))
        return otlp__reason_of_text(encoded);
    return otlp__reason_of_text(impact_text_from(decoded, size));
}

/* A code that is no number is UNKNOWN, as the others have it. */
static uint32_t read_code(impact_text value)
{
    uint64_t code = 2;
    return impact__text_parse_uint(&code, value, UINT32_MAX) ? (uint32_t)code : 2;
}

static bool is_named(impact_text name, const char *lower_case)
{
    return impact__text_equal_ignoring_case(name, impact_text_of(lower_case));
}

void otlp__grpc_take(otlp__grpc_status *status, impact_text name, impact_text value)
{
    if (is_named(name, "grpc-status")) {
        status->is_there = true;
        status->code = read_code(value);
    } else if (is_named(name, "grpc-message")) {
        status->message = read_message(value);
    } else if (is_named(name, "grpc-status-details-bin")) {
        read_details(status, value);
    }
}

/* ---- codes ---- */

static const char *const names[] = {
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
};

const char *otlp__grpc_code_name(uint32_t code)
{
    return code < sizeof names / sizeof *names ? names[code] : "?";
}

bool otlp__grpc_may_retry(const otlp__grpc_status *status)
{
    switch (status->code) {
    case 1:  /* CANCELLED */
    case 4:  /* DEADLINE_EXCEEDED */
    case 10: /* ABORTED */
    case 11: /* OUT_OF_RANGE */
    case 14: /* UNAVAILABLE */
    case 15: /* DATA_LOSS */
        return true;
    case 8: /* RESOURCE_EXHAUSTED: only a server that says when can recover */
        return status->asks_to_wait;
    default:
        return false;
    }
}

/* The servers of gRPC in Go and C++, in Java, and in Rust. */
bool otlp__grpc_is_too_large(const otlp__grpc_status *status)
{
    static const char *const words[] = {"larger than max", "exceeds maximum size",
                                        "length too large"};
    if (status->code != 8 && status->code != 11) /* RESOURCE_EXHAUSTED, OUT_OF_RANGE */
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strstr(status->message.text, words[i]))
            return true;
    return false;
}
