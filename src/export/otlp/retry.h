/* Whether and when a request is tried again (OTLP 1.x, "OTLP/HTTP Response", "Failures"). */
#ifndef IMPACT_EXPORT_OTLP_RETRY_H
#define IMPACT_EXPORT_OTLP_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include <impact/text.h>

#include "base/random.h"

/* 429, 502, 503 and 504 are; no other answer is. */
bool otlp__retry_is_for_status(long http_status);

/* Milliseconds to wait after attempt `attempt`, from 1: exponential, with full jitter. */
uint64_t otlp__retry_backoff_ms(unsigned attempt, impact__random *random);

/* The value of a Retry-After header (RFC 9110 10.2.3): seconds, or a date in one of three forms, of
 * which those from `now_unix_s` are told. False: it is neither. */
bool otlp__retry_after_parse(uint64_t *wait_ms, impact_text value, int64_t now_unix_s);

#endif
