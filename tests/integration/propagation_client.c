/* A program that passes a context on, for the tests that compare it with other implementations:
 * fields come on standard input, "name: value" a line, and go out on standard output, by
 * OTEL_PROPAGATORS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <impact/propagation.h>

enum { line_limit = 32, line_size = 16384 };

static char lines[line_limit][line_size];
static size_t line_count;

/* The value of a line of that name, or NULL. */
static const char *value_in(const char *line, const char *name)
{
    const size_t size = strlen(name);
    return strncasecmp(line, name, size) == 0 && line[size] == ':' ? line + size + 2 : NULL;
}

static void get_all(void *carrier, const char *name, impact_carrier_visit_fn visit, void *userdata)
{
    (void)carrier;
    for (size_t i = 0; i < line_count; i++) {
        const char *value = value_in(lines[i], name);
        if (value && !visit(userdata, impact_text_of(value)))
            return;
    }
}

static void keys(void *carrier, impact_carrier_visit_fn visit, void *userdata)
{
    (void)carrier;
    for (size_t i = 0; i < line_count; i++)
        if (!visit(userdata, impact_text_from(lines[i], strcspn(lines[i], ":"))))
            return;
}

static void print(void *carrier, const char *name, const char *value)
{
    (void)carrier;
    printf("%s: %s\n", name, value);
}

int main(void)
{
    static const impact_carrier_getter getter = {
        .size = sizeof getter, .get_all = get_all, .keys = keys};
    while (line_count < line_limit && fgets(lines[line_count], line_size, stdin)) {
        lines[line_count][strcspn(lines[line_count], "\n")] = '\0';
        line_count++;
    }
    if (impact_propagation_set_from_environment())
        return EXIT_FAILURE;
    const impact_context *context =
        impact_propagation_extract(impact_context_root(), &getter, NULL);
    impact_propagation_inject(context, print, NULL);
    impact_context_release(context);
    return EXIT_SUCCESS;
}
