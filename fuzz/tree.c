/* The waterfall over any bytes: circles, orphans, names that are no text. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "export/tree/forest.h"
#include "export/tree/waterfall.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every span stands in exactly one place. */
static void check_count(const impact__forest *forest)
{
    size_t count = 0;
    size_t depth = 0;
    for (size_t i = 0; i < forest->trace_count; i++)
        for (impact__forest_node *node = forest->traces[i].first_root; node;
             node = impact__forest_next(node, &depth))
            count++;
    if (count != forest->node_count || depth != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    impact__forest forest = IMPACT__FOREST(NULL);
    impact__buffer page = IMPACT__BUFFER(NULL);
    if (impact__forest_add_data(&forest, impact_text_from((const char *)data, size)) == IMPACT_OK &&
        impact__forest_plant(&forest) == IMPACT_OK) {
        check_count(&forest);
        impact__waterfall_append(&page, &forest, true);
    }
    impact__buffer_close(&page);
    impact__forest_close(&forest);
    return 0;
}
