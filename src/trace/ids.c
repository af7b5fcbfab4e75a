/* The ids of new spans. */
#include "trace/ids.h"

#include "base/options.h"

bool impact__id_generator_open(impact__id_generator *generator, impact_id_generator *given)
{
    impact_id_generator read;
    *generator = (impact__id_generator){.of = NULL};
    if (!given)
        return true;
    if (!impact__struct_read(&read, sizeof read, given) || !read.new_trace_id || !read.new_span_id)
        return false;
    *generator = (impact__id_generator){given, read.new_trace_id, read.new_span_id, read.is_random};
    return true;
}

void impact__id_generator_close(impact__id_generator *generator)
{
    impact_id_generator read;
    if (generator->of && impact__struct_read(&read, sizeof read, generator->of) && read.close)
        read.close(generator->of);
    generator->of = NULL;
}

static void write_random(uint8_t *to, impact__random *random)
{
    const uint64_t bits = impact__id_random(random);
    memcpy(to, &bits, sizeof bits);
}

static impact_trace_id ask_trace(const impact__id_generator *generator, impact__random *random)
{
    static const impact_trace_id zero;
    impact_trace_id id = generator->new_trace_id(generator->of);
    if (memcmp(&id, &zero, sizeof id) == 0)
        write_random(id.bytes + 8, random);
    return id;
}

static impact_span_id ask_span(const impact__id_generator *generator, impact__random *random)
{
    static const impact_span_id zero;
    impact_span_id id = generator->new_span_id(generator->of);
    if (memcmp(&id, &zero, sizeof id) == 0)
        write_random(id.bytes, random);
    return id;
}

void impact__ids_ask(impact__ids *ids, const impact__id_generator *generator,
                     impact__random *random, bool is_root)
{
    const impact_span_id span_id = ask_span(generator, random);
    memcpy(&ids->span, &span_id, sizeof ids->span);
    if (!is_root)
        return;
    const impact_trace_id trace_id = ask_trace(generator, random);
    impact__ids_set_trace_id(ids, &trace_id);
}
