/* Writing without waiting: pipes, sockets and files that have room, and that have none. */
#include "base/nonblocking.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "support/check.h"
#include "support/old_kernel.h"

/* As who may open a terminal a second time does. */
static ssize_t put(int descriptor, const char *data, size_t size)
{
    ssize_t written = 0;
    return impact__write_to_terminal(&written, descriptor, data, size)
               ? written
               : impact__write_without_waiting(descriptor, data, size);
}

/* Until there is no room, without leaving a flag behind. */
static void fill(int descriptor)
{
    static const char byte[4096];
    const int flags = fcntl(descriptor, F_GETFL);
    CHECK(fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0);
    while (write(descriptor, byte, sizeof byte) > 0)
        continue;
    while (write(descriptor, byte, 1) > 0)
        continue;
    CHECK(fcntl(descriptor, F_SETFL, flags) == 0);
}

static void drain(int descriptor)
{
    char bytes[65536];
    CHECK(fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0);
    while (read(descriptor, bytes, sizeof bytes) > 0)
        continue;
}

static bool is_read(int descriptor, const char *should)
{
    char text[32] = "";
    const ssize_t size = read(descriptor, text, sizeof text - 1);
    return size == (ssize_t)strlen(should) && strcmp(text, should) == 0;
}

/* `ends`: where is read, where is written. */
static void try_both(const int ends[2])
{
    (void)alarm(60);
    const int flags = fcntl(ends[1], F_GETFL);
    CHECK_EQUAL(put(ends[1], "text", 4), 4);
    CHECK(is_read(ends[0], "text"));
    fill(ends[1]);
    CHECK_EQUAL(put(ends[1], "text", 4), 0);
    drain(ends[0]);
    CHECK_EQUAL(put(ends[1], "again", 5), 5);
    CHECK(is_read(ends[0], "again"));
    CHECK_EQUAL(fcntl(ends[1], F_GETFL), flags);
}

static const char much[1 << 20];

/* More than there is room for. */
static void try_much(const int ends[2])
{
    size_t total = 0;
    ssize_t size = 0;
    (void)alarm(60);
    do {
        size = put(ends[1], much, sizeof much);
        CHECK(size >= 0);
        total += (size_t)size;
    } while (size > 0);
    CHECK(total > 0 && total < sizeof much);
}

TEST(a_full_pipe_is_not_waited_for)
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    try_both(ends);
}

TEST(a_full_pipe_is_not_waited_for_on_a_kernel_that_knows_no_way_to_say_so)
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    old_kernel(SYS_pwritev2, EOPNOTSUPP);
    try_both(ends);
    try_much(ends);
}

TEST(a_full_socket_is_not_waited_for)
{
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    try_both(ends);
}

/* What is written there can be read here byte by byte. */
static void open_terminal(int ends[2])
{
    struct termios raw;
    ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
    REQUIRE(ends[0] >= 0 && grantpt(ends[0]) == 0 && unlockpt(ends[0]) == 0);
    ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
    REQUIRE(ends[1] >= 0 && tcgetattr(ends[1], &raw) == 0);
    cfmakeraw(&raw);
    REQUIRE(tcsetattr(ends[1], TCSANOW, &raw) == 0);
}

static const char words[] = "of a kind that a terminal makes others of:\t\n"
                            "of a kind that a terminal makes others of:\t\n"
                            "of a kind that a terminal makes others of:\t\n"
                            "of a kind that a terminal makes others of:\t\n";

TEST(what_is_larger_than_the_room_goes_in_part)
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    try_much(ends);
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    try_much(ends);
}

/* Its room comes and goes by itself, as the kernel moves what was written to its other end; and
 * poll tells of room for a byte as it tells of room for a page. */
static void try_terminal(const int ends[2])
{
    char piece[4096];
    size_t total = 0;
    (void)alarm(60);
    for (int i = 0; i < 100; i++) {
        const ssize_t size = put(ends[1], much, sizeof much);
        CHECK(size >= 0 && size < (ssize_t)sizeof much);
        total += (size_t)size;
    }
    CHECK(total > 0);
    while (total > 0) {
        const ssize_t size = read(ends[0], piece, sizeof piece);
        REQUIRE(size > 0 && (size_t)size <= total);
        total -= (size_t)size;
    }
}

TEST(a_full_terminal_is_not_waited_for)
{
    int ends[2];
    open_terminal(ends);
    try_terminal(ends);
}

TEST(a_terminal_that_must_not_be_opened_again_is_not_waited_for)
{
    int ends[2];
    open_terminal(ends);
    CHECK_EQUAL(impact__write_without_waiting(ends[1], "a\tb\n", 4), 4);
    for (const char *next = "a\tb\n"; *next; next++) {
        char byte = 0;
        CHECK_EQUAL(read(ends[0], &byte, 1), 1);
        CHECK_EQUAL(byte, *next);
    }
    size_t total = 0;
    (void)alarm(60);
    for (int i = 0; i < 10000; i++) {
        const ssize_t size = impact__write_without_waiting(ends[1], words, sizeof words - 1);
        CHECK(size >= 0);
        total += (size_t)size;
    }
    CHECK(total > 0 && total < 10000 * (sizeof words - 1));
}

/* Opened again it would be another, which nobody reads. */
TEST(what_is_written_to_a_terminals_other_end_arrives)
{
    int ends[2];
    open_terminal(ends);
    CHECK_EQUAL(put(ends[0], "typed", 5), 5);
    CHECK(is_read(ends[1], "typed"));
}

TEST(what_was_hung_up_is_not_written_to_in_its_successors_place)
{
    int ends[2];
    open_terminal(ends);
    const int next = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
    if (ioctl(ends[1], TIOCVHANGUP))
        check_skip("only root may hang up");
    const int successor = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
    CHECK(next >= 0 && successor >= 0);
    CHECK_EQUAL(put(ends[1], "text", 4), -1);
    CHECK_EQUAL(errno, EIO);
}

TEST(what_the_host_only_reads_is_not_written_to)
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    CHECK_EQUAL(put(ends[0], "text", 4), -1);
    CHECK_EQUAL(errno, EBADF);
    open_terminal(ends);
    const int read_only = open(ptsname(ends[0]), O_RDONLY | O_NOCTTY);
    CHECK_EQUAL(put(read_only, "text", 4), -1);
    CHECK_EQUAL(errno, EBADF);
    const int path_only = open("/dev/null", O_PATH);
    CHECK_EQUAL(put(path_only, "text", 4), -1);
}

TEST(devices_that_are_no_terminals_are_written_to_as_they_are)
{
    const int nothing = open("/dev/null", O_WRONLY);
    CHECK(put(nothing, much, sizeof much) > 0);
    const int full = open("/dev/full", O_WRONLY);
    CHECK_EQUAL(put(full, "text", 4), -1);
    CHECK_EQUAL(errno, ENOSPC);
}

TEST(a_socket_of_datagrams_takes_a_large_text_in_parts)
{
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
    CHECK(put(ends[1], much, sizeof much) > 0);
}

static void check_none_is_left_open(const int ends[2])
{
    const int lowest = dup(ends[0]);
    REQUIRE(lowest >= 0 && close(lowest) == 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQUAL(put(ends[1], "text", 4), 4);
    fill(ends[1]);
    const ssize_t more = put(ends[1], "text", 4);
    CHECK(more == 0 || (more > 0 && isatty(ends[1]))); /* whose room comes by itself */
    CHECK_EQUAL(dup(ends[0]), lowest);
}

TEST(no_descriptor_is_left_open)
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    check_none_is_left_open(ends);
    open_terminal(ends);
    check_none_is_left_open(ends);
}

/* What root made it cannot open again as somebody else. */
static void become_somebody_else(void)
{
    if (geteuid() != 0 || seteuid(65534) != 0)
        check_skip("only root can become somebody else");
}

TEST(a_full_pipe_of_another_user_is_not_waited_for)
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    become_somebody_else();
    try_both(ends);
    try_much(ends);
    CHECK_EQUAL(seteuid(0), 0);
}

TEST(a_full_terminal_of_another_user_is_not_waited_for)
{
    int ends[2];
    open_terminal(ends);
    become_somebody_else();
    try_terminal(ends);
    CHECK_EQUAL(seteuid(0), 0);
}

TEST(a_file_takes_it_at_its_end)
{
    char name[] = "/tmp/impact-nonblocking-XXXXXX";
    const int file = mkstemp(name);
    REQUIRE(file >= 0 && unlink(name) == 0);
    CHECK_EQUAL(put(file, "one", 3), 3);
    CHECK_EQUAL(put(file, "two", 3), 3);
    CHECK_EQUAL(lseek(file, 0, SEEK_SET), 0);
    CHECK(is_read(file, "onetwo"));
}

TEST(what_nobody_reads_and_what_is_closed_tells_so_and_raises_no_signal)
{
    int ends[2];
    REQUIRE(pipe(ends) == 0 && signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    (void)close(ends[0]);
    CHECK_EQUAL(put(ends[1], "text", 4), -1);
    CHECK_EQUAL(errno, EPIPE);
    (void)close(ends[1]);
    CHECK_EQUAL(put(ends[1], "text", 4), -1);
    CHECK_EQUAL(errno, EBADF);
}
