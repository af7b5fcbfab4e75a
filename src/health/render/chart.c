/* The chart: three paths of bars, one a status. */
#include "health/render/chart.h"

#include "health/render/html.h"

enum {
    step = 4,    /* from bar to bar; a bar is 3 wide */
    ground = 22, /* where bars stand */
    least = 2,   /* the height of a bar */
    most = 20,   /* of the longest */
    ns_per_us = 1000,
};

/* What a status looks like: a class of the style, and what stands below the line. */
typedef struct look {
    const char *name;
    const char *mark; /* a path behind "Mx "; "": none */
} look;

static const look looks[] = {{"pass", ""}, {"warn", "26v2"}, {"fail", "25v6"}};
enum { look_count = sizeof looks / sizeof *looks };

static unsigned look_of(impact_health_past past)
{
    return past.status < IMPACT_HEALTH_FAIL ? (unsigned)past.status : IMPACT_HEALTH_FAIL;
}

/* ---- what is in it ---- */

typedef struct summary {
    unsigned counts[look_count];
    uint64_t shortest_ns;
    uint64_t longest_ns;
} summary;

static summary summarise(const impact__history *history)
{
    summary all = {.shortest_ns = UINT64_MAX};
    for (size_t back = 0; back < history->count; back++) {
        const impact_health_past past = impact__history_get(history, back);
        all.counts[look_of(past)]++;
        if (past.duration_ns > all.longest_ns)
            all.longest_ns = past.duration_ns;
        if (past.duration_ns < all.shortest_ns)
            all.shortest_ns = past.duration_ns;
    }
    return all;
}

unsigned impact__history_failures(const impact__history *history)
{
    return summarise(history).counts[IMPACT_HEALTH_FAIL];
}

/* ---- words ---- */

static void render_label(impact__buffer *buffer, const impact__history *history, const summary *all)
{
    static const char *const words[] = {"passed", "warned", "failed"};
    impact__buffer_printf(buffer, "The last %u results: ", (unsigned)history->count);
    for (unsigned i = 0; i < look_count; i++)
        impact__buffer_printf(buffer, "%u %s, ", all->counts[i], words[i]);
    impact__buffer_append_string(buffer, "in ");
    impact__html_duration(buffer, all->shortest_ns);
    impact__buffer_append_string(buffer, " to ");
    impact__html_duration(buffer, all->longest_ns);
}

/* ---- the picture ---- */

static unsigned height_of(impact_health_past past, uint64_t longest_ns)
{
    const uint64_t longest_us = longest_ns / ns_per_us;
    const uint64_t us = past.duration_ns / ns_per_us;
    return least + (longest_us ? (unsigned)(us * (most - least) / longest_us) : 0);
}

static void render_bars(impact__buffer *buffer, const impact__history *history, unsigned which,
                        uint64_t longest_ns)
{
    impact__buffer_printf(buffer, "<path class=\"%s\" d=\"", looks[which].name);
    for (size_t back = history->count; back-- > 0;) {
        const impact_health_past past = impact__history_get(history, back);
        const unsigned x = step / 2 + step * (unsigned)(IMPACT__HISTORY_SIZE - 1 - back);
        if (look_of(past) != which)
            continue;
        impact__buffer_printf(buffer, "M%u %dv-%u", x, ground, height_of(past, longest_ns));
        if (*looks[which].mark)
            impact__buffer_printf(buffer, "M%u %s", x, looks[which].mark);
    }
    impact__buffer_append_string(buffer, "\"/>");
}

void impact__render_chart(impact__buffer *buffer, const impact__history *history)
{
    const summary all = summarise(history);
    if (!history->count)
        return;
    impact__buffer_append_string(buffer, "<svg class=\"chart\" viewBox=\"0 0 256 32\" "
                                         "preserveAspectRatio=\"none\" role=\"img\" "
                                         "aria-label=\"");
    render_label(buffer, history, &all);
    impact__buffer_append_string(buffer, "\"><path class=\"axis\" d=\"M0 23h256\"/>");
    for (unsigned i = 0; i < look_count; i++)
        if (all.counts[i])
            render_bars(buffer, history, i, all.longest_ns);
    impact__buffer_append_string(buffer, "</svg>");
}
