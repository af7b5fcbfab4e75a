/* The OTEL_* environment, one variable at a time (OpenTelemetry specification,
 * configuration/sdk-environment-variables "Parsing empty value", "Type-specific guidance"). What
 * cannot be read is reported and counts as unset. The environment must not change meanwhile. */
#ifndef IMPACT_CONFIG_ENVIRONMENT_H
#define IMPACT_CONFIG_ENVIRONMENT_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/text.h>

/* The value without blanks at its ends; empty when it is unset. */
impact_text impact__environment_text(const char *name);

/* A whole number from 0 to 2^31 - 1. False: unset, or refused. */
bool impact__environment_number(uint32_t *value, const char *name);

/* A number from 0 to 1. False: unset, or refused. */
bool impact__environment_ratio(double *value, const char *name);

/* True for "true" in any case; what is neither that nor "false" is reported. */
bool impact__environment_is_true(const char *name);

/* Report a value that is not used, and why. */
void impact__environment_refuse(const char *name, impact_text value, const char *why);

#endif
