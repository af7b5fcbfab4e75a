/* The process's allocator for tests that refuse memory while other threads run: it is set once, as
 * the contract of impact_allocator_set_default asks, and then switched. */
#ifndef IMPACT_TESTS_INTEGRATION_MEMORY_SWITCH_H
#define IMPACT_TESTS_INTEGRATION_MEMORY_SWITCH_H

#include "support/faults.h"

/* Make the switch the default allocator. Before anything else of the library is used. */
void memory_switch_install(void);

/* Memory comes from `f` from now on; NULL: from malloc. */
void memory_switch_to(faults *f);

/* From malloc again, once all of `f` was given back: a server's thread goes on for a moment when
 * its answer has arrived. */
void memory_switch_back_from(faults *f);

/* malloc, whatever the switch says. */
extern const impact_allocator memory_switch_plain;

#endif
