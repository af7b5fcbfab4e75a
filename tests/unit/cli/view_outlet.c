/* Bytes on their way to somebody who may not read them. */
#include "outlet.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/check.h"
#include "support/faults.h"

enum { much = 8 << 20 };

static view_outlet outlet;

/* More than any of them takes. */
static void append_much(void)
{
    for (size_t i = 0; i < much; i++)
        impact__buffer_append_char(&outlet.bytes, (char)('a' + i % 26));
}

/* Read until nothing is left to be sent, and check that it is what was appended. */
static void read_all(int reader)
{
    static char piece[1 << 16];
    size_t at = 0;
    while (at < much) {
        const ssize_t got = read(reader, piece, sizeof piece);
        CHECK(got > 0);
        for (ssize_t i = 0; i < got; i++)
            CHECK_EQUAL(piece[i], 'a' + (int)(at++ % 26));
        view_outlet_send(&outlet);
    }
    CHECK_EQUAL(view_outlet_awaited(&outlet), -1);
}

/* Whether a descriptor's writes wait, which is its other users' affair. */
static bool waits(int descriptor)
{
    return !(fcntl(descriptor, F_GETFL) & O_NONBLOCK);
}

static void check_stalled_and_read(int writer, int reader)
{
    view_outlet_open(&outlet, writer, NULL);
    append_much();
    view_outlet_send(&outlet);
    CHECK(view_outlet_awaited(&outlet) > 0);
    CHECK(waits(writer));
    read_all(reader);
    view_outlet_close(&outlet);
    CHECK(waits(writer));
}

TEST(a_pipe_that_nobody_reads_holds_up_nobody_and_loses_nothing)
{
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    check_stalled_and_read(ends[1], ends[0]);
}

TEST(a_socket_that_nobody_reads_holds_up_nobody_and_loses_nothing)
{
    int ends[2];
    CHECK_EQUAL(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    check_stalled_and_read(ends[1], ends[0]);
}

TEST(a_terminal_that_nobody_reads_holds_up_nobody_and_loses_nothing)
{
    const int reader = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(reader >= 0 && !grantpt(reader) && !unlockpt(reader));
    const int writer = open(ptsname(reader), O_RDWR | O_NOCTTY);
    CHECK(writer >= 0);
    check_stalled_and_read(writer, reader);
}

TEST(what_nobody_takes_within_a_second_is_dropped)
{
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    view_outlet_open(&outlet, ends[1], NULL);
    append_much();
    view_outlet_finish(&outlet);
    CHECK_EQUAL(view_outlet_awaited(&outlet), -1);
    view_outlet_close(&outlet);
}

TEST(a_pipe_whose_reader_has_left_takes_nothing_more_and_kills_nobody)
{
    int ends[2];
    CHECK_EQUAL(pipe(ends), 0);
    view_outlet_open(&outlet, ends[1], NULL);
    (void)close(ends[0]);
    append_much();
    view_outlet_send(&outlet);
    CHECK(outlet.is_over);
    CHECK_EQUAL(view_outlet_awaited(&outlet), -1);
    append_much();
    view_outlet_send(&outlet);
    CHECK_EQUAL(outlet.bytes.size, 0);
    view_outlet_close(&outlet);
    view_outlet_open(&outlet, ends[1], NULL); /* it had left before */
    append_much();
    view_outlet_close(&outlet);
}

TEST(a_file_goes_on_where_it_was)
{
    char name[] = "/tmp/impact-view-outlet-XXXXXX";
    char text[16] = "";
    const int file = mkstemp(name);
    CHECK_EQUAL(write(file, "one ", 4), 4);
    view_outlet_open(&outlet, file, NULL);
    impact__buffer_append_string(&outlet.bytes, "two");
    view_outlet_close(&outlet);
    CHECK_EQUAL(pread(file, text, sizeof text, 0), 7);
    CHECK_STRING(text, "one two");
    (void)close(file);
    CHECK_EQUAL(unlink(name), 0);
}

TEST(what_memory_was_short_for_is_left_out)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        char text[16] = "";
        int ends[2];
        CHECK_EQUAL(pipe(ends), 0);
        view_outlet_open(&outlet, ends[1], &f.allocator);
        impact__buffer_append_string(&outlet.bytes, "one");
        view_outlet_close(&outlet);
        (void)close(ends[1]);
        const ssize_t got = read(ends[0], text, sizeof text - 1);
        CHECK(got == 3 || (!got && atomic_load(&f.injected)));
        (void)close(ends[0]);
    }
}
