/* A plugin named "test" that can do nothing; the build makes several of it, good and bad. */
#include <impact/plugin.h>

#ifndef ABI
#define ABI IMPACT_PLUGIN_ABI
#endif
#ifndef SIZE
#define SIZE sizeof(impact_plugin)
#endif
#ifndef UNKNOWN
#define UNKNOWN 0
#endif
#ifndef SYMBOL
#define SYMBOL impact_plugin_test
#endif

/* As that of a later version, with a member that this one does not know. */
typedef struct descriptor {
    impact_plugin known;
    size_t unknown;
} descriptor;

IMPACT_API extern const descriptor SYMBOL;
const descriptor SYMBOL = {{.size = SIZE, .abi = ABI, .name = MARK}, UNKNOWN};
