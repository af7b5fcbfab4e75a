/* Baggage: names and values that travel with the work from service to service, for programs to read
 * (OpenTelemetry specification, baggage/api; W3C Baggage). It is in a context: <impact/context.h>.
 *
 * A baggage is never changed: who sets or removes something makes a new one, and owns it. It is
 * shared by reference and may be used on any thread. NULL is the empty baggage everywhere.
 */
#ifndef IMPACT_BAGGAGE_H
#define IMPACT_BAGGAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <impact/status.h>
#include <impact/text.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct impact_baggage impact_baggage;

/* One owner more, and one less. Retain returns the baggage. Both accept NULL. */
IMPACT_API const impact_baggage *impact_baggage_retain(const impact_baggage *baggage);
IMPACT_API void impact_baggage_release(const impact_baggage *baggage);

/* Make `from` with `name` set to `value`; one that is there is replaced. All are copied: UTF-8, the
 * name not empty. `metadata` is opaque, and may be empty. `baggage` is owned, and untouched on
 * failure. IMPACT_EINVAL: a text is not UTF-8; IMPACT_ELIMIT: over 180 names or 64 KiB;
 * IMPACT_ENOMEM. */
IMPACT_API IMPACT_CHECKED impact_status impact_baggage_set(const impact_baggage **baggage,
                                                           const impact_baggage *from,
                                                           impact_text name, impact_text value,
                                                           impact_text metadata);

/* Make `from` without `name`. `baggage` is owned, NULL when nothing is left; it is untouched on
 * failure. IMPACT_ENOENT: it has no such name; IMPACT_ENOMEM. To remove all, take NULL. */
IMPACT_API IMPACT_CHECKED impact_status impact_baggage_remove(const impact_baggage **baggage,
                                                              const impact_baggage *from,
                                                              impact_text name);

/* How many names it has. */
IMPACT_API size_t impact_baggage_count(const impact_baggage *baggage);

/* The value of `name`, borrowed. False, and `value` untouched: there is none. */
IMPACT_API bool impact_baggage_get(impact_text *value, const impact_baggage *baggage,
                                   impact_text name);

/* The entry of that number, from 0; all borrowed, each may be NULL. False: there are not so
 * many. */
IMPACT_API bool impact_baggage_at(impact_text *name, impact_text *value, impact_text *metadata,
                                  const impact_baggage *baggage, size_t number);

/* ---- the baggage header's value (W3C Baggage 3.2) ---- */

/* 8192 characters and a NUL: 3.3.2. */
#define IMPACT_BAGGAGE_SIZE 8193

/* Read one. Members that are ill-formed, beyond the first 180 or beyond the first 8192 characters
 * are left out; of one name the last counts. `baggage` is owned, and untouched on failure.
 * IMPACT_ENOENT: nothing is left; IMPACT_ENOMEM. */
IMPACT_API IMPACT_CHECKED impact_status impact_baggage_parse(const impact_baggage **baggage,
                                                             impact_text header);

/* Write it, and return how many characters it has. What no header can hold is left out: names that
 * are no token, metadata that is not printable ASCII, and members that have no room. */
IMPACT_API size_t impact_baggage_format(char text[IMPACT_BAGGAGE_SIZE],
                                        const impact_baggage *baggage);

#ifdef __cplusplus
}
#endif

#endif
