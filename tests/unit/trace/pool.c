/* Memory that keeps its type: taken, given back, found by number, grown; without memory, and at its
 * end. */
#include "trace/pool.h"

#include <sys/wait.h>
#include <unistd.h>

#include <impact/allocator.h>

#include "support/check.h"
#include "support/faults.h"

typedef struct piece {
    impact__pooled pooled;
    int content;
} piece;

static piece first[impact__pool_chunk_count];
static impact__pool pool = IMPACT__POOL(first);

TEST(a_piece_has_a_number_keeps_its_content_and_is_taken_again)
{
    impact__pool_open(&pool);
    piece *a = impact__pool_take(&pool);
    piece *b = impact__pool_take(&pool);
    REQUIRE(a && b && a != b);
    CHECK(impact__pool_at(&pool, a->pooled.number, sizeof(piece)) == a && a->content == 0);
    CHECK(impact__pool_at(&pool, b->pooled.number, sizeof(piece)) == b);
    a->content = 7;
    a->pooled.next = &b->pooled;
    b->pooled.next = NULL;
    impact__pool_give(&pool, &a->pooled);
    impact__pool_give(&pool, NULL);
    CHECK(impact__pool_take(&pool) == a && a->content == 7);
    CHECK(impact__pool_take(&pool) == b);
}

/* As a child does whose parent was opening it when it forked. */
TEST(a_pool_that_is_opened_again_is_locked_once_over_a_fork)
{
    int status = -1;
    impact__pool_open(&pool);
    impact__pool_open(&pool);
    (void)alarm(20);
    const pid_t child = fork();
    if (child == 0)
        _exit(impact__pool_take(&pool) ? 0 : 1);
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_EQUAL(status, 0);
    CHECK(impact__pool_take(&pool));
    CHECK_EQUAL(impact__pool_count(&pool), 1);
}

TEST(a_pool_grows_beyond_its_first_chunk)
{
    enum { count = 3 * impact__pool_chunk_count };
    static piece *pieces[count];
    CHECK(impact__pool_at(&pool, count, sizeof(piece)) == NULL);
    for (int i = 0; i < count; i++) {
        pieces[i] = impact__pool_take(&pool);
        REQUIRE(pieces[i]);
        CHECK(impact__pool_at(&pool, (uint32_t)i, sizeof(piece)) == pieces[i]);
        CHECK(i < impact__pool_chunk_count
                  ? pieces[i] == &first[i]
                  : pieces[i] < first || pieces[i] >= first + impact__pool_chunk_count);
    }
}

TEST(without_memory_there_are_the_pieces_of_the_first_chunk)
{
    faults f;
    faults_open(&f);
    impact_allocator_set_default(&f.allocator);
    atomic_store(&f.fail_at, 1);
    for (int i = 0; i < impact__pool_chunk_count; i++)
        CHECK(impact__pool_take(&pool) != NULL);
    CHECK(impact__pool_take(&pool) == NULL);
    CHECK_EQUAL(atomic_load(&f.live), 0);
    atomic_store(&f.fail_at, 0);
    CHECK(impact__pool_take(&pool) != NULL); /* the next call works */
}
