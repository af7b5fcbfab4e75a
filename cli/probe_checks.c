/* The checks in the body of an answer.
 *
 *   the original           {"checks": {"db": false, ...}, "health": "degraded"}
 *   health+json            {"checks": {"db": [{"status": "fail", "output": "..."}], ...},
 *                           "status": "fail"}
 *
 * A check of several entries is as bad as the worst of them.
 */
#include "probe_checks.h"

#include <stdint.h>
#include <string.h>

#include "base/ascii.h"
#include "base/text.h"
#include "probe_json.h"

enum { depth_of_all = 1, depth_of_checks = 2 };

typedef struct reader {
    probe_json json;
    impact_health_status *all;
    probe_check_fn visit;
    void *userdata;
    bool is_in_checks;
    bool has_check;
    impact_text key; /* the last one */
    probe_check check;
} reader;

/* ---- words ---- */

/* The draft's words, its aliases (3.1), and those of the original. */
static impact_health_status status_of(impact_text word)
{
    static const struct {
        const char *word;
        impact_health_status status;
    } words[] = {
        {"pass", IMPACT_HEALTH_PASS},  {"ok", IMPACT_HEALTH_PASS},
        {"up", IMPACT_HEALTH_PASS},    {"running", IMPACT_HEALTH_PASS},
        {"true", IMPACT_HEALTH_PASS},  {"warn", IMPACT_HEALTH_WARN},
        {"fail", IMPACT_HEALTH_FAIL},  {"error", IMPACT_HEALTH_FAIL},
        {"down", IMPACT_HEALTH_FAIL},  {"degraded", IMPACT_HEALTH_FAIL},
        {"false", IMPACT_HEALTH_FAIL},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (impact__text_equal_ignoring_case(word, impact_text_of(words[i].word)))
            return words[i].status;
    return IMPACT_HEALTH_UNKNOWN;
}

static bool is_worse(impact_health_status a, impact_health_status b)
{
    static const int badness[] = {[IMPACT_HEALTH_PASS] = 0,
                                  [IMPACT_HEALTH_WARN] = 1,
                                  [IMPACT_HEALTH_UNKNOWN] = 2,
                                  [IMPACT_HEALTH_FAIL] = 3};
    return badness[a] > badness[b];
}

/* ---- pieces ---- */

static void begin_check(reader *r)
{
    r->check = (probe_check){.name = r->key, .status = IMPACT_HEALTH_UNKNOWN};
    r->has_check = false;
}

static void add_status(reader *r, impact_text word)
{
    const impact_health_status status = status_of(word);
    if (!r->has_check || is_worse(status, r->check.status))
        r->check.status = status;
    r->has_check = true;
}

static void end_check(reader *r)
{
    if (r->check.name.data)
        r->visit(r->userdata, &r->check);
    r->check.name = impact_text_from(NULL, 0);
}

static bool key_is(const reader *r, const char *key)
{
    return impact__text_equal_string(r->key, key);
}

static void take_key(reader *r, impact_text key)
{
    r->key = key;
    if (r->json.depth == depth_of_all)
        r->is_in_checks = key_is(r, "checks");
    else if (r->json.depth == depth_of_checks && r->is_in_checks)
        begin_check(r);
}

static void take_value(reader *r, impact_text value)
{
    const bool is_status = key_is(r, "status");
    if (r->json.depth == depth_of_all && (is_status || key_is(r, "health")))
        *r->all = status_of(value);
    if (!r->is_in_checks || r->json.depth < depth_of_checks)
        return;
    if (r->json.depth == depth_of_checks) {
        add_status(r, value);
        end_check(r);
    } else if (is_status) {
        add_status(r, value);
    } else if (key_is(r, "output") && !r->check.output.size) {
        r->check.output = value;
    }
}

static void take_close(reader *r)
{
    if (r->is_in_checks && r->json.depth == depth_of_checks)
        end_check(r);
    r->is_in_checks = r->is_in_checks && r->json.depth >= depth_of_checks;
}

bool probe_checks_read(impact_health_status *status, impact_text json, probe_check_fn visit,
                       void *userdata)
{
    reader r = {.json = PROBE_JSON(json), .all = status, .visit = visit, .userdata = userdata};
    *status = IMPACT_HEALTH_UNKNOWN;
    impact_text text;
    for (;;) {
        const probe_json_kind kind = probe_json_next(&r.json, &text);
        if (kind == probe_json_end || kind == probe_json_broken)
            return kind == probe_json_end && r.json.is_object[depth_of_all];
        if (kind == probe_json_key)
            take_key(&r, text);
        else if (kind == probe_json_string || kind == probe_json_word)
            take_value(&r, text);
        else if (kind == probe_json_close)
            take_close(&r);
    }
}

/* ---- showing ---- */

/* The UTF-8 of a code point below U+10000. */
static size_t encode(char to[3], uint32_t code)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xc0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    to[0] = (char)(0xe0 | code >> 12);
    to[1] = (char)(0x80 | (code >> 6 & 0x3f));
    to[2] = (char)(0x80 | (code & 0x3f));
    return 3;
}

/* "\u" and four digits; what is no character of its own is U+FFFD. */
static uint32_t read_code(impact_text from, size_t at)
{
    uint32_t code = 0;
    for (size_t i = at + 2; i < at + 6; i++) {
        const int digit = i < from.size ? impact__hex_value(from.data[i]) : -1;
        if (digit < 0)
            return 0xfffd;
        code = code << 4 | (uint32_t)digit;
    }
    return code >= 0xd800 && code < 0xe000 ? 0xfffd : code;
}

/* What stands behind a backslash, but for \u: line ends and tabs are blanks. */
static char unescape(char c)
{
    if (c && strchr("nrtbf", c))
        return ' ';
    return (unsigned char)c < 0x80 ? c : '?';
}

/* Decode what stands at `at` into `to`. Returns the bytes that it takes there; `used`: here. */
static size_t decode_one(char to[4], impact_text from, size_t at, size_t *used)
{
    const size_t left = from.size - at;
    if (from.data[at] == '\\' && left > 1) {
        const bool is_code = from.data[at + 1] == 'u';
        *used = !is_code ? 2 : left < 6 ? left : 6;
        to[0] = unescape(from.data[at + 1]);
        return is_code ? encode(to, read_code(from, at)) : 1;
    }
    const size_t size =
        impact__utf8_sequence(impact_text_from(from.data + at, left < 4 ? left : 4));
    *used = size ? size : 1;
    to[0] = '?';
    if (size)
        memcpy(to, from.data + at, size);
    return *used;
}

/* C0, DEL and C1: a terminal obeys them. */
static bool is_control(const char *bytes, size_t size)
{
    const unsigned char first = (unsigned char)bytes[0];
    if (size == 1)
        return first < ' ' || first == 0x7f;
    return size == 2 && first == 0xc2 && (unsigned char)bytes[1] < 0xa0;
}

size_t probe_text_show(char *to, size_t size, impact_text from)
{
    size_t written = 0;
    for (size_t at = 0, used = 0; at < from.size; at += used) {
        char bytes[4];
        const size_t count = decode_one(bytes, from, at, &used);
        if (written + count >= size)
            break;
        if (is_control(bytes, count)) {
            to[written++] = '?';
            continue;
        }
        memcpy(to + written, bytes, count);
        written += count;
    }
    to[written] = '\0';
    return written;
}
