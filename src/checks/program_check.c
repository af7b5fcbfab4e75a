/* The check that an external program does, by the contract of Nagios plugins: its exit status says
 * how it stands, the first line of its output why.
 *
 * DESIGN: the one kind of check that can be ended for real. It is killed, with all that it has
 * started, when its time is over; before that, what it has started and left behind is not waited
 * for: the end of the program is what counts, not the end of its output.
 */
#include <impact/checks.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/options.h"
#include "checks/provided.h"
#include "checks/spawned.h"

enum {
    argument_limit = 256,
    size_limit = 64 * 1024,
    output_limit = 240,
    piece_size = 512,
    look_ms = 20
};

typedef struct program_check {
    char *argv[argument_limit + 1]; /* into the texts behind the struct */
} program_check;

/* What it has said so far: the first line, without performance data ("text | data"). */
typedef struct output {
    char text[output_limit + 1];
    size_t size;
    bool is_whole; /* what comes is thrown away */
} output;

/* ---- what it says ---- */

static void take(output *said, const char *piece, size_t size)
{
    for (size_t i = 0; i < size && !said->is_whole; i++) {
        if (piece[i] == '\n' || piece[i] == '|' || said->size == output_limit)
            said->is_whole = true;
        else
            said->text[said->size++] = piece[i] ? piece[i] : ' ';
    }
}

/* A piece of what is there; no more, since some never stop. False: nothing will come any more. */
static bool take_piece(output *said, int from)
{
    char piece[piece_size];
    const ssize_t got = read(from, piece, sizeof piece);
    if (got > 0)
        take(said, piece, (size_t)got);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

/* What it said before it ended. */
static void take_rest(output *said, int from)
{
    size_t before;
    do
        before = said->size;
    while (take_piece(said, from) && !said->is_whole && said->size > before);
}

/* ---- waiting for its end ---- */

/* Without a watch its end is looked for now and then. */
static int wait_limit(const impact__spawned *spawned, uint32_t left_ms)
{
    const uint32_t most_ms = spawned->watch >= 0 ? INT_MAX : look_ms;
    return (int)(left_ms < most_ms ? left_ms : most_ms);
}

/* One who never stops talking is heard to the end of his time. False: it is over. */
static bool listen_once(const impact__spawned *spawned, output *said, bool *is_open,
                        impact_health_run *run)
{
    struct pollfd files[2] = {
        {.fd = spawned->watch, .events = POLLIN},
        {.fd = *is_open ? spawned->output : -1, .events = POLLIN},
    };
    const uint32_t left_ms = impact_health_remaining_ms(run);
    const int count = left_ms ? poll(files, 2, wait_limit(spawned, left_ms)) : 0;
    if (count < 0)
        return errno == EINTR;
    if (files[1].revents)
        *is_open = take_piece(said, spawned->output);
    const bool has_ended =
        spawned->watch >= 0 ? files[0].revents != 0 : impact__spawned_has_ended(spawned);
    return left_ms && !has_ended;
}

/* True when it has ended by itself in its time. */
static bool has_ended(const impact__spawned *spawned, output *said, impact_health_run *run)
{
    bool is_open = true;
    while (listen_once(spawned, said, &is_open, run))
        ;
    if (is_open)
        take_rest(said, spawned->output);
    return impact_health_remaining_ms(run) > 0;
}

/* ---- a run ---- */

static impact_health_status judge(impact_health_run *run, int status, const output *said)
{
    if (!WIFEXITED(status)) {
        impact_health_explain(run, "signal %d has ended it", WTERMSIG(status));
        return IMPACT_HEALTH_FAIL;
    }
    const int code = WEXITSTATUS(status);
    if (said->size)
        impact_health_explain(run, "%s", said->text);
    else
        impact_health_explain(run, "its exit status is %d", code);
    return code <= IMPACT_HEALTH_UNKNOWN ? (impact_health_status)code : IMPACT_HEALTH_UNKNOWN;
}

static impact_health_status run_check(impact_health_run *run, void *userdata)
{
    const program_check *check = userdata;
    impact__spawned spawned;
    output said = {0};
    const int code = impact__spawn(&spawned, check->argv);
    if (code) {
        impact_health_explain(run, "it cannot be started: %s", strerror(code));
        return IMPACT_HEALTH_UNKNOWN;
    }
    const bool is_in_time = has_ended(&spawned, &said, run);
    if (!is_in_time)
        impact__spawned_kill(&spawned);
    int status = 0;
    if (!impact__spawned_reap(&spawned, &status)) {
        impact_health_explain(run, "its exit status went to somebody else");
        return IMPACT_HEALTH_UNKNOWN;
    }
    if (is_in_time)
        return judge(run, status, &said);
    impact_health_explain(run, "it was killed: its time was over");
    return IMPACT_HEALTH_FAIL;
}

/* ---- registering ---- */

/* 0: there are none, or too many, or they are too large. */
static size_t size_of(const char *const *argv)
{
    size_t size = 0;
    size_t count = 0;
    for (; argv[count]; count++) {
        size += strlen(argv[count]) + 1;
        if (count == argument_limit || size > size_limit)
            return 0;
    }
    return count && argv[0][0] ? size : 0;
}

static program_check *make_check(const char *const *argv, size_t size)
{
    program_check *check = impact__alloc(NULL, sizeof *check + size);
    if (!check)
        return NULL;
    char *to = (char *)(check + 1);
    for (size_t i = 0; argv[i]; i++) {
        const size_t text_size = strlen(argv[i]) + 1;
        check->argv[i] = memcpy(to, argv[i], text_size);
        to += text_size;
    }
    return check;
}

impact_status impact_health_add_program(impact_health *health,
                                        const impact_check_program_options *options)
{
    impact_check_program_options known;
    if (!health || !options || !impact__struct_read(&known, sizeof known, options) || !known.argv)
        return IMPACT_EINVAL;
    const size_t size = size_of(known.argv);
    return size ? impact__provided_add(health, IMPACT__PROVIDED(known, .is_external = true),
                                       run_check, make_check(known.argv, size))
                : IMPACT_EINVAL;
}
