/* The environment, one variable at a time (OpenTelemetry specification,
 * configuration/sdk-environment-variables "Parsing empty value", "Type-specific guidance").
 *
 * DESIGN: one reader for the library and its plugins, so it stands where both find it, though it
 * reports. White space and line ends around a value are not part of it: secrets come out of files.
 * An empty value is unset. What cannot be read is reported by the variable's name and counts as
 * unset, so that whoever has a second variable to ask goes on to that.
 *
 * The environment must not change meanwhile. */
#ifndef IMPACT_BASE_ENVIRONMENT_H
#define IMPACT_BASE_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <impact/text.h>

/* Empty when it is unset. Borrowed from the environment. */
impact_text impact__environment_text(const char *name);

/* A whole number from 0 to 2^31 - 1. False: unset, or refused. */
bool impact__environment_number(uint32_t *value, const char *name);

/* A number from 0 to 1, with a point whatever the locale. False: unset, or refused. */
bool impact__environment_ratio(double *value, const char *name);

/* True for "true" in any case; what is neither that nor "false" is reported. */
bool impact__environment_is_true(const char *name);

/* Which of `words`, whose last one is NULL, the value is, in any case. False: unset, or refused. */
bool impact__environment_choice(size_t *index, const char *name, const char *const *words);

/* Cut the next member off a comma list; empty ones are skipped. False when there is none left. */
bool impact__environment_member(impact_text *member, impact_text *rest);

/* Report a value that is not used, and why. */
void impact__environment_refuse(const char *name, impact_text value, const char *why);

/* Likewise, when the value may be what should not stand in a log. */
void impact__environment_refuse_unseen(const char *name, const char *why);

#endif
