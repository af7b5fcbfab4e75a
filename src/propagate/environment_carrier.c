/* Environment variables as carriers (OpenTelemetry specification, context/env-carriers). */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include <impact/propagation.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/text.h"

enum { name_limit = 256 }; /* bytes of a variable's name; no format has a longer one */

/* ---- names ---- */

static char normal_character(char c)
{
    return impact__is_alphanumeric(c) ? impact__to_upper_case(c) : '_';
}

/* "Key Name Normalization": upper case, underscores, no digit at the start, never empty. False: it
 * is too long. */
static bool normalise(char normal[name_limit], const char *name)
{
    assert(name);
    size_t size = 0;
    if (!*name || impact__is_digit(*name))
        normal[size++] = '_';
    for (; *name; name++) {
        if (size == name_limit - 1)
            return false;
        normal[size++] = normal_character(*name);
    }
    normal[size] = '\0';
    return true;
}

static bool is_normal(impact_text name)
{
    for (size_t i = 0; i < name.size; i++)
        if (normal_character(name.data[i]) != name.data[i])
            return false;
    return name.size && !impact__is_digit(name.data[0]);
}

/* ---- reading ---- */

static char *const *variables_of(void *carrier)
{
    return carrier ? carrier : environ;
}

/* The value of a variable "NAME=value", when it has that name. */
static bool read_variable(impact_text *value, const char *variable, const char *name)
{
    assert(value && variable);
    const size_t size = strlen(name);
    if (strncmp(variable, name, size) != 0 || variable[size] != '=')
        return false;
    *value = impact_text_of(variable + size + 1);
    return true;
}

static impact_text get(void *carrier, const char *name)
{
    char normal[name_limit];
    impact_text value = {NULL, 0};
    char *const *variables = variables_of(carrier);
    if (!variables || !name || !normalise(normal, name))
        return value;
    while (*variables && !read_variable(&value, *variables, normal))
        variables++;
    return value;
}

static void keys(void *carrier, impact_carrier_visit_fn visit, void *userdata)
{
    char *const *variables = variables_of(carrier);
    for (; variables && *variables; variables++) {
        impact_text rest = impact_text_of(*variables);
        impact_text name;
        if (impact__text_split(&name, &rest, '=') && is_normal(name) && !visit(userdata, name))
            return;
    }
}

const impact_carrier_getter *impact_environment_getter(void)
{
    static const impact_carrier_getter getter = {.size = sizeof getter, .get = get, .keys = keys};
    return &getter;
}

/* ---- the environment of a child ---- */

/* Variables one behind the other, each with its NUL. */
typedef struct writer {
    impact__buffer text;
    size_t count;
} writer;

static void append(writer *to, const char *variable)
{
    impact__buffer_append(&to->text, variable, strlen(variable) + 1);
    to->count++;
}

static void remove_name(writer *to, const char *normal)
{
    impact_text value;
    size_t at = 0;
    while (at < to->text.size) {
        const size_t size = strlen(to->text.data + at) + 1;
        if (!read_variable(&value, to->text.data + at, normal)) {
            at += size;
            continue;
        }
        to->text.size -= size;
        memmove(to->text.data + at, to->text.data + at + size, to->text.size - at);
        to->count--;
    }
}

static void set(void *carrier, const char *name, const char *value)
{
    writer *to = carrier;
    char normal[name_limit];
    if (to->text.has_failed || !normalise(normal, name))
        return;
    remove_name(to, normal);
    impact__buffer_append_string(&to->text, normal);
    impact__buffer_append_char(&to->text, '=');
    append(to, value);
}

/* What the parent got is its own; a field that it does not send must not look as if it did. */
static void remove_fields(writer *to)
{
    char normal[name_limit];
    for (const char *const *field = impact_propagation_get()->fields; *field; field++)
        if (normalise(normal, *field))
            remove_name(to, normal);
}

static void write_all(writer *to, const impact_context *context, char *const *from)
{
    for (; from && *from && !to->text.has_failed; from++)
        append(to, *from);
    if (to->text.has_failed)
        return;
    remove_fields(to);
    impact_propagation_inject(context, set, to);
}

/* One piece: the list, then the texts that it points to. NULL without memory. */
static char **make_list(const writer *written)
{
    const size_t list_size = (written->count + 1) * sizeof(char *);
    char **list = impact__alloc(NULL, list_size + written->text.size);
    if (!list)
        return NULL;
    char *at = (char *)list + list_size;
    if (written->text.size)
        memcpy(at, written->text.data, written->text.size);
    for (size_t i = 0; i < written->count; i++) {
        list[i] = at;
        at += strlen(at) + 1;
    }
    return list;
}

impact_status impact_propagation_environment_open(char ***environment,
                                                  const impact_context *context, char *const *from)
{
    writer to = {.text = IMPACT__BUFFER(NULL)};
    if (!environment)
        return IMPACT_EINVAL;
    write_all(&to, context, from ? from : environ);
    char **list = to.text.has_failed ? NULL : make_list(&to);
    impact__buffer_close(&to.text);
    if (!list)
        return IMPACT_ENOMEM;
    *environment = list;
    return IMPACT_OK;
}

void impact_propagation_environment_close(char **environment)
{
    impact__free(NULL, environment);
}
