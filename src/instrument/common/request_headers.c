/* A request's headers, as any server has them. */
#include "instrument/common/request_headers.h"

#include <string.h>
#include <strings.h>

/* One question to the headers. */
typedef struct question {
    const char *name; /* NULL: the names are asked for, and not the values */
    impact_carrier_visit_fn visit;
    void *userdata;
} question;

static bool is_named(impact_text name, const char *wanted)
{
    return name.size == strlen(wanted) && strncasecmp(name.data, wanted, name.size) == 0;
}

static bool answer(void *userdata, impact_text name, impact_text value)
{
    const question *q = userdata;
    if (!q->name)
        return q->visit(q->userdata, name);
    if (!is_named(name, q->name))
        return true;
    return q->visit(q->userdata, value.data ? value : impact_text_from("", 0));
}

static void ask(const impact__request_headers *headers, const question *q)
{
    headers->walk(headers->request, answer, (void *)(uintptr_t)q);
}

static void get_all(void *carrier, const char *name, impact_carrier_visit_fn visit, void *userdata)
{
    ask(carrier, &(question){name, visit, userdata});
}

static void get_names(void *carrier, impact_carrier_visit_fn visit, void *userdata)
{
    ask(carrier, &(question){NULL, visit, userdata});
}

static bool take_first(void *userdata, impact_text text)
{
    *(impact_text *)userdata = text;
    return false;
}

impact_text impact__request_header(const impact__request_headers *headers, const char *name)
{
    impact_text value = {NULL, 0};
    ask(headers, &(question){name, take_first, &value});
    return value;
}

static impact_text get_first(void *carrier, const char *name)
{
    return impact__request_header(carrier, name);
}

const impact_carrier_getter impact__request_headers_getter = {
    .size = sizeof impact__request_headers_getter,
    .get = get_first,
    .get_all = get_all,
    .keys = get_names,
};
