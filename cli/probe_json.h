/* JSON, one piece after the other, without memory. */
#ifndef IMPACT_CLI_PROBE_JSON_H
#define IMPACT_CLI_PROBE_JSON_H

#include <stdbool.h>

#include <impact/text.h>

enum { probe_json_depth_limit = 160 }; /* as deep as OTLP goes: 4 a map in a map, of 30 */

typedef enum probe_json_kind {
    probe_json_open,  /* an object or array begins: depth counts it already */
    probe_json_close, /* it ended: depth does not count it any more */
    probe_json_key,
    probe_json_string,
    probe_json_word, /* a number, true, false, null */
    probe_json_end,
    probe_json_broken,
} probe_json_kind;

typedef struct probe_json {
    impact_text rest;
    unsigned depth;
    bool is_object[probe_json_depth_limit + 1]; /* of the depths that are open */
    bool is_behind_key;
    bool has_begun;
} probe_json;

#define PROBE_JSON(text) ((probe_json){.rest = (text)})

/* The next piece; `text` is that of a key, string or word, without quotes and with its escapes.
 * Commas are taken for blanks: who reads an answer does not judge it. */
probe_json_kind probe_json_next(probe_json *json, impact_text *text);

#endif
