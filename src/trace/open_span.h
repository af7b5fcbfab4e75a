/* Spans that are open are kept in the journals of their provider's exporters, if that is asked for,
 * so that a process that is killed leaves behind what it was in.
 *
 * DESIGN: such a span is shared from its start (access.h), so all who work at it take its lock; who
 * is about to let go of it writes it down. A provider asks for it among the hooks of processors.h.
 * So nothing that records knows of this, and spans that are not kept pay nothing for it. A forked
 * child does nothing with spans that are its parent's, as with any that are shared.
 *
 * Under the span's lock a batcher's is taken for its first span, and for a scope that its file does
 * not know yet; nobody takes them the other way round.
 */
#ifndef IMPACT_TRACE_OPEN_SPAN_H
#define IMPACT_TRACE_OPEN_SPAN_H

#include "trace/live_span.h"

/* All under the span's lock. */

/* It has started; from here on it is kept, if it is one to be exported. */
void impact__open_span_begin(impact__span *span);

/* It may have changed. */
void impact__open_span_keep(impact__span *span);

/* It is about to end. */
void impact__open_span_end(impact__span *span);

#endif
