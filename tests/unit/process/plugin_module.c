/* A plugin named "test" that can do nothing; the build makes several of it, good and bad. */
#include <impact/plugin.h>

#ifndef ABI
#define ABI IMPACT_PLUGIN_ABI
#endif
#ifndef SIZE
#define SIZE sizeof(impact_plugin)
#endif
#ifndef SYMBOL
#define SYMBOL impact_plugin_test
#endif

IMPACT_API extern const impact_plugin SYMBOL;
const impact_plugin SYMBOL = {.abi = ABI, .size = SIZE, .name = MARK};
