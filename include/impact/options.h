/* What the structs of options have in common: zero is "not set", and how to say 0. */
#ifndef IMPACT_OPTIONS_H
#define IMPACT_OPTIONS_H

#include <stdint.h>

/* 0, for a number of options that may be 0: a limit that keeps nothing, no delay, no timeout. */
#define IMPACT_ZERO UINT32_MAX

#endif
