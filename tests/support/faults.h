/* An allocator that fails on demand and knows what it has given out. */
#ifndef IMPACT_TESTS_FAULTS_H
#define IMPACT_TESTS_FAULTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <impact/allocator.h>

typedef struct faults {
    impact_allocator allocator; /* give this to what is tested */
    atomic_size_t live;         /* pieces given out and not given back */
    atomic_size_t count;        /* allocations asked for in this round */
    atomic_size_t fail_at;      /* the allocation that fails, from 1; 0: none */
    bool fails_for_good;        /* and all after it */
    atomic_bool injected;       /* one failed in this round */
    bool is_started;
} faults;

/* An allocator that counts, and fails nothing. */
void faults_open(faults *f);

/* Fails a CHECK when something was not given back. */
void faults_close(faults *f);

bool faults_next_round(faults *f);

/* The body runs with the first allocation failing, then with the second, and so on until a round
 * meets no failure; then again, with all later ones failing too. In it, f->injected tells whether
 * one failed. Each round must give back all, and the first must allocate something. */
#define FOR_EACH_ALLOCATION_FAILURE(f) for (*(f) = (faults){0}; faults_next_round(f);)

#endif
