/* What a backend says about itself, made fit to be told in a line. */
#ifndef IMPACT_EXPORT_OTLP_REASON_H
#define IMPACT_EXPORT_OTLP_REASON_H

#include <impact/text.h>

enum { OTLP__REASON_LIMIT = 200 };

/* UTF-8 of at most OTLP__REASON_LIMIT bytes, cut behind a whole character. Each stretch of blanks
 * and control characters is one blank, each ill-formed byte a question mark. */
typedef struct otlp__reason {
    char text[OTLP__REASON_LIMIT + 1]; /* empty: none was given */
} otlp__reason;

otlp__reason otlp__reason_of_text(impact_text text);

/* Of what stands between the quotes of a JSON string. */
otlp__reason otlp__reason_of_json(impact_text inside);

/* Of the body of an answer that refuses: the message of a google.rpc.Status (OTLP 1.x, "Failures"),
 * as protobuf or as JSON, or the body itself where it is text. */
otlp__reason otlp__reason_of_body(impact_text body);

#endif
