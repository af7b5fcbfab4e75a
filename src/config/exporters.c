/* The exporters that OTEL_TRACES_EXPORTER names. */
#include "config/exporters.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include <impact/diagnostics.h>

#include "base/ascii.h"
#include "base/environment.h"
#include "base/text.h"
#include "export/absent.h"

enum { name_limit = 32 }; /* bytes; no exporter has a longer one */

static const char variable[] = "OTEL_TRACES_EXPORTER";
static const char no_such_exporter[] =
    "there is no such exporter; console, tree, otlp, otlp/stdout, otlp_file, zipkin and none are "
    "known, "
    "and the names of plugins";

static bool has_exporter(const impact__exporter_list *list, impact_text name)
{
    for (size_t i = 0; i < list->count; i++)
        if (impact__text_equal_ignoring_case(name, impact_text_of(list->exporters[i]->name)))
            return true;
    return false;
}

/* Its spans are not taken for exported: something stands for it that fails. */
static void stand_in(impact__exporter_list *list)
{
    impact_exporter *absent = impact__exporter_absent();
    if (list->count < impact__exporter_limit && !has_exporter(list, impact_text_of(absent->name)))
        list->exporters[list->count++] = absent;
}

static bool is_of_otlp_plugin(const char *name)
{
    return strcmp(name, "otlp") == 0 || strcmp(name, "zipkin") == 0;
}

static void say_why(const char *name, impact_status status)
{
    if (status != IMPACT_ENOENT)
        impact__environment_refuse(variable, impact_text_of(name), impact_status_text(status));
    else if (is_of_otlp_plugin(name)) /* "otlp" is the default: nobody need have named it */
        impact_diagnostics_report(IMPACT_SEVERITY_WARNING, "exporter", name,
                                  "no span is exported by %s: libimpact-otlp.so.0 was not found; "
                                  "install it, or set %s=none",
                                  strcmp(name, "otlp") == 0 ? "OTLP" : name, variable);
    else
        impact__environment_refuse(variable, impact_text_of(name), no_such_exporter);
}

/* IMPACT_ENOMEM is the only failure that is not the name's. */
static impact_status add(impact__exporter_list *list, impact_text name,
                         const impact_allocator *allocator)
{
    assert(name.size > 0);
    char text[name_limit + 1] = "";
    if (impact__text_equal_ignoring_case(name, impact_text_of("none")) || has_exporter(list, name))
        return IMPACT_OK;
    if (name.size > name_limit || list->count == impact__exporter_limit) {
        impact__environment_refuse(variable, name,
                                   name.size > name_limit ? no_such_exporter
                                                          : "there are too many before it");
        stand_in(list);
        return IMPACT_OK;
    }
    for (size_t i = 0; i < name.size; i++)
        text[i] = impact__to_lower_case(name.data[i]);
    impact_exporter *exporter = NULL;
    const impact_status status = impact_exporter_open(&exporter, text, allocator);
    if (status == IMPACT_ENOMEM)
        return status;
    if (status == IMPACT_OK) {
        list->exporters[list->count++] = exporter;
    } else {
        say_why(text, status);
        stand_in(list);
    }
    return IMPACT_OK;
}

impact_status impact__exporter_list_open(impact__exporter_list *list, const char *otherwise,
                                         const impact_allocator *allocator)
{
    impact__exporter_list opened = {.count = 0};
    impact_text rest = impact__environment_text(variable);
    if (!rest.size)
        rest = impact_text_of(otherwise ? otherwise : "otlp");
    impact_text name;
    while (impact__environment_member(&name, &rest)) {
        const impact_status status = add(&opened, name, allocator);
        if (status) {
            impact__exporter_list_close(&opened);
            return status;
        }
    }
    *list = opened;
    return IMPACT_OK;
}

void impact__exporter_list_close(impact__exporter_list *list)
{
    assert(list->count <= impact__exporter_limit);
    while (list->count)
        impact_exporter_close(list->exporters[--list->count]);
}
