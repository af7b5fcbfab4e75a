/* The resource of a provider.
 *
 * DESIGN: one list, the weakest first: the process, OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME,
 * the code. The encoder keeps the last attribute of each key. What an attribute borrows stands in
 * one piece of memory, whose size is known before: percent-decoding never makes text longer.
 */
#include "config/resource.h"

#include <assert.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/environment.h"
#include "base/alloc.h"
#include "base/text.h"
#include "process/executable.h"

enum {
    environment_size_limit = 1 << 16, /* bytes of OTEL_RESOURCE_ATTRIBUTES */
    environment_count_limit = 256,    /* attributes in it */
    own_count = 8,                    /* what this file adds by itself, at most */
};

static const char variable[] = "OTEL_RESOURCE_ATTRIBUTES";

typedef struct process_facts {
    char executable[impact__executable_name_limit +
                    1]; /* empty when it cannot be read; likewise below */
    char host[HOST_NAME_MAX + 1];
} process_facts;

/* Room for texts, filled from the front. */
typedef struct text_room {
    char *data;
    size_t size;
} text_room;

static impact_attribute string_of(impact_text key, impact_text value)
{
    impact_attribute attribute = impact_string_n("", value.data ? value.data : "", value.size);
    attribute.key = key;
    return attribute;
}

static void add(impact__resource *resource, impact_attribute attribute)
{
    resource->attributes[resource->count++] = attribute;
}

/* ---- the process ---- */

static void read_process(process_facts *facts)
{
    *facts = (process_facts){.executable = ""};
    impact__executable_name(facts->executable);
    if (gethostname(facts->host, sizeof facts->host - 1) != 0)
        facts->host[0] = '\0';
}

static size_t process_size(const process_facts *facts)
{
    return strlen(facts->executable) + strlen(facts->host);
}

static impact_text keep(text_room *room, const char *text)
{
    assert(text);
    const size_t size = strlen(text);
    char *to = room->data + room->size;
    memcpy(to, text, size);
    room->size += size;
    return impact_text_from(to, size);
}

static void add_process(impact__resource *resource, text_room *room, const process_facts *facts)
{
    const impact_text executable = keep(room, facts->executable);
    const impact_text host = keep(room, facts->host);
    add(resource, impact_int("process.pid", getpid()));
    if (executable.size)
        add(resource, string_of(impact_text_of("process.executable.name"), executable));
    if (host.size)
        add(resource, string_of(impact_text_of("host.name"), host));
}

/* ---- the environment ---- */

/* Decode one side of a pair. False: it is not percent-encoded UTF-8. */
static bool decode(impact_text *decoded, text_room *room, impact_text text)
{
    size_t size = 0;
    char *to = room->data + room->size;
    const impact_text trimmed = impact__text_strip(text);
    if (!impact__percent_decode(to, &size, trimmed, false))
        return false;
    const impact_text whole = impact_text_from(to, size);
    if (impact__utf8_valid_prefix(whole) != size || memchr(to, '\0', size))
        return false;
    room->size += size;
    *decoded = whole;
    return true;
}

/* key=value, both percent-encoded (resource/sdk "Specifying resource information via an environment
 * variable"). */
static bool parse_pair(impact_attribute *attribute, text_room *room, impact_text pair)
{
    assert(pair.data || pair.size == 0);
    impact_text rest = pair;
    impact_text part;
    impact_text key;
    impact_text value;
    if (!impact__text_split(&part, &rest, '=') || !rest.data)
        return false;
    if (!decode(&key, room, part) || !key.size || !decode(&value, room, rest))
        return false;
    *attribute = string_of(key, value);
    return true;
}

static size_t count_pairs(impact_text text)
{
    size_t count = text.size != 0;
    for (size_t i = 0; i < text.size; i++)
        count += text.data[i] == ',';
    return count;
}

/* All of the value, or nothing of it. */
static bool add_pairs(impact__resource *resource, text_room *room, impact_text text)
{
    const size_t count_before = resource->count;
    impact_text pair;
    while (impact__environment_member(&pair, &text)) {
        impact_attribute attribute;
        if (!parse_pair(&attribute, room, pair)) {
            resource->count = count_before;
            return false;
        }
        add(resource, attribute);
    }
    return true;
}

/* The variable's text; empty, and reported, when it is over a limit. */
static impact_text read_pairs(void)
{
    const impact_text text = impact__environment_text(variable);
    if (text.size <= environment_size_limit && count_pairs(text) <= environment_count_limit)
        return text;
    impact__environment_refuse_unseen(variable, "it is too long");
    return impact_text_of(NULL);
}

/* ---- all of it ---- */

static void add_environment(impact__resource *resource, text_room *room, impact_text pairs)
{
    if (pairs.size && !add_pairs(resource, room, pairs))
        impact__environment_refuse_unseen(
            variable, "it is not a comma list of percent-encoded key=value pairs");
    const impact_text name = impact__environment_text("OTEL_SERVICE_NAME");
    if (name.size)
        add(resource, string_of(impact_text_of("service.name"), name));
}

impact_status impact__resource_open(impact__resource *resource, const impact_attribute *given,
                                    size_t given_count, const impact_allocator *allocator)
{
    process_facts facts;
    read_process(&facts);
    const impact_text pairs = read_pairs();
    const size_t room_for = own_count + count_pairs(pairs);
    if (given_count > SIZE_MAX / sizeof *given - room_for)
        return IMPACT_EINVAL;
    impact__resource made = {.allocator = allocator};
    made.attributes = impact__alloc(allocator, (room_for + given_count) * sizeof *given);
    made.texts = impact__alloc(allocator, process_size(&facts) + pairs.size + 1);
    if (!made.attributes || !made.texts) {
        impact__resource_close(&made);
        return IMPACT_ENOMEM;
    }
    text_room room = {.data = made.texts};
    add_process(&made, &room, &facts);
    add_environment(&made, &room, pairs);
    for (size_t i = 0; i < given_count; i++)
        add(&made, given[i]);
    *resource = made;
    return IMPACT_OK;
}

void impact__resource_close(impact__resource *resource)
{
    impact__free(resource->allocator, resource->attributes);
    impact__free(resource->allocator, resource->texts);
    *resource = (impact__resource){.allocator = resource->allocator};
}
