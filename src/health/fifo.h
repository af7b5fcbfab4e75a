/* A queue of things that are part of what they belong to: it costs no memory, and one may leave it
 * from anywhere. */
#ifndef IMPACT_HEALTH_FIFO_H
#define IMPACT_HEALTH_FIFO_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

/* The first member of what stands in a queue. */
typedef struct impact__link impact__link;
struct impact__link {
    impact__link *next;
    impact__link *previous;
    bool is_in;
};

typedef struct impact__fifo {
    impact__link *first;
    impact__link *last;
    unsigned count;
} impact__fifo;

static inline void impact__fifo_append(impact__fifo *fifo, impact__link *link)
{
    assert(!link->is_in);
    *link = (impact__link){.previous = fifo->last, .is_in = true};
    *(fifo->last ? &fifo->last->next : &fifo->first) = link;
    fifo->last = link;
    fifo->count++;
}

static inline void impact__fifo_take_out(impact__fifo *fifo, impact__link *link)
{
    assert(link->is_in && fifo->count > 0);
    *(link->previous ? &link->previous->next : &fifo->first) = link->next;
    *(link->next ? &link->next->previous : &fifo->last) = link->previous;
    *link = (impact__link){0};
    fifo->count--;
}

#endif
