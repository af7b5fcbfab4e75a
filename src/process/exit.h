/* The end of the process, inside: who has something to do before libraries take their state down.
 * The rest is in <impact/process.h>. */
#ifndef IMPACT_PROCESS_EXIT_H
#define IMPACT_PROCESS_EXIT_H

#include <impact/process.h>

typedef struct impact__exit_member impact__exit_member;
struct impact__exit_member {
    void (*at_exit)(void *owner); /* on the thread that ends the process, with no lock held */
    void *owner;                  /* borrowed until removed */
    impact__exit_member *next;    /* NULL before it is added; likewise below */
    impact__exit_member *previous;
};

/* Be called at exit, the last added first. IMPACT_ENOMEM, IMPACT_ESYSTEM. */
impact_status impact__exit_add(impact__exit_member *member);

/* Returns when the member is not being called. To remove what was not added, or is removed, does
 * nothing. */
void impact__exit_remove(impact__exit_member *member);

#endif
