/* HTML text, and words. */
#include "health/render/html.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/utc.h"

/* ---- text ---- */

static const char *escape_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return (unsigned char)c < 0x20 || c == 0x7F ? " " : NULL;
    }
}

/* The bytes at the start of `text` that stand in HTML as they are. */
static size_t plain_size(impact_text text)
{
    size_t size = 0;
    while (size < text.size && !escape_of(text.data[size])) {
        const size_t sequence =
            impact__utf8_sequence(impact_text_from(text.data + size, text.size - size));
        if (!sequence)
            break;
        size += sequence;
    }
    return size;
}

void impact__html_text(impact__buffer *buffer, impact_text text)
{
    while (text.size) {
        const size_t plain = plain_size(text);
        impact__buffer_append(buffer, text.data, plain);
        text = impact_text_from(text.data + plain, text.size - plain);
        if (!text.size)
            return;
        const char *escape = escape_of(*text.data);
        impact__buffer_append_string(buffer, escape ? escape : "\xEF\xBF\xBD");
        text = impact_text_from(text.data + 1, text.size - 1);
    }
}

/* ---- words ---- */

enum { ns_per_us = 1000, us_per_ms = 1000, us_per_s = 1000000 };

/* Thousandths of a unit: "4.2" below ten of it, whole ones above. */
static void render_quantity(impact__buffer *buffer, uint64_t thousandths, const char *unit)
{
    const unsigned long long tenths = (thousandths + 50) / 100;
    if (tenths < 100)
        impact__buffer_printf(buffer, "%llu.%llu %s", tenths / 10, tenths % 10, unit);
    else
        impact__buffer_printf(buffer, "%llu %s", (unsigned long long)(thousandths + 500) / 1000,
                              unit);
}

void impact__html_duration(impact__buffer *buffer, uint64_t ns)
{
    const uint64_t us = ns / ns_per_us;
    if (us < us_per_ms)
        impact__buffer_printf(buffer, "%llu \xC2\xB5s", (unsigned long long)us);
    else if (us < us_per_s)
        render_quantity(buffer, us, "ms");
    else
        render_quantity(buffer, us / us_per_ms, "s");
}

void impact__html_span(impact__buffer *buffer, uint64_t ns)
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}};
    const uint64_t seconds = ns / IMPACT__NS_PER_SEC;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (seconds >= 2 * units[i].seconds) {
            impact__buffer_printf(buffer, "%llu %s",
                                  (unsigned long long)(seconds / units[i].seconds), units[i].name);
            return;
        }
    impact__buffer_printf(buffer, "%llu s", (unsigned long long)seconds);
}

void impact__html_time(impact__buffer *buffer, uint64_t unix_ns)
{
    char moment[IMPACT__UTC_SIZE];
    if (impact__utc_format(moment, unix_ns))
        impact__buffer_printf(buffer, "<time datetime=\"%s\">%.10s %.8s UTC</time>", moment, moment,
                              moment + sizeof "2026-01-02");
}
