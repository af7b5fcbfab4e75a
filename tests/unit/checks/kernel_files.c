/* Files of the kernel: tables of mounts, states of processes, resolv.conf, numbers behind keys. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "checks/mount_table.h"
#include "checks/process_state.h"
#include "checks/resolver_file.h"
#include "checks/small_file.h"
#include "support/check.h"
#include "support/faults.h"

/* ---- mounts ---- */

static const char table[] = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
                            "23 22 0:5 / /proc rw - proc proc rw\n"
                            "30 22 0:40 / /mnt rw master:1 propagate_from:2 - tmpfs tmpfs rw\n"
                            "31 30 0:41 / /mnt/a\\040b\\134 rw - nfs4 server:/x rw\n"
                            "32 22 0:42 / /over rw - ext4 /dev/sdb rw\n"
                            "33 32 0:43 / /over rw - fuse.sshfs me@there: rw\n"
                            "34 22 0:44 / /cut rw -\n"
                            "35\n";

static void check_type(const char *path, const char *type)
{
    const impact_text found = impact__mount_type(impact_text_of(table), impact_text_of(path));
    if (!impact__text_equal_string(found, type))
        check_failed(__FILE__, __LINE__, "%s: %.*s, not %s", path, (int)found.size,
                     found.size ? found.data : "", type);
}

TEST(the_deepest_mount_that_covers_a_path_counts)
{
    check_type("/", "ext4");
    check_type("/var/lib", "ext4");
    check_type("/proc", "proc");
    check_type("/proc/self", "proc");
    check_type("/process", "ext4");
    check_type("/mnt", "tmpfs");
    check_type("/mnt/a b\\", "nfs4");
    check_type("/mnt/a b\\/c", "nfs4");
    check_type("/mnt/a b", "tmpfs");
    check_type("/cut/off", "ext4");
    check_type("", "");
}

TEST(of_two_mounts_at_one_place_the_last_counts)
{
    check_type("/over/it", "fuse.sshfs");
}

TEST(file_systems_of_others_are_remote)
{
    static const char *const remote[] = {"nfs", "nfs4", "cifs", "9p", "fuse", "fuse.sshfs"};
    static const char *const local[] = {"",      "ext4",    "xfs",   "overlay",
                                        "tmpfs", "fuseblk", "fuse.", "nfsd"};
    for (size_t i = 0; i < sizeof remote / sizeof *remote; i++)
        CHECK(impact__mount_is_remote(impact_text_of(remote[i])));
    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        CHECK(!impact__mount_is_remote(impact_text_of(local[i])));
}

/* ---- processes ---- */

TEST(the_state_of_a_process_is_read)
{
    impact__process_state state;
    CHECK(impact__process_state_read(&state, impact_text_of("7 (a) b (c)) S 1 7 7 0\n")));
    CHECK(impact__text_equal_string(state.command, "a) b (c)"));
    CHECK(state.is_alive);
    CHECK(impact__process_state_read(&state, impact_text_of("7 () Z 1")));
    CHECK(!state.is_alive && !state.command.size);
    CHECK(impact__process_state_read(&state, impact_text_of("7 (a) X 1")) && !state.is_alive);
}

TEST(what_is_no_state_is_not_read)
{
    static const char *const rows[] = {"", "7", "7 (a", "7 a)", ")(", "7 (a)", "7 (a) ", "7 (a)S"};
    impact__process_state state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK(!impact__process_state_read(&state, impact_text_of(rows[i])));
}

TEST(a_command_is_compared_as_far_as_the_kernel_keeps_it)
{
    const impact__process_state state = {.command = impact_text_of("fifteen bytes..")};
    CHECK(impact__process_is_of(&state, impact_text_of("fifteen bytes.. and more")));
    CHECK(!impact__process_is_of(&state, impact_text_of("fifteen bytes.")));
}

/* ---- resolv.conf ---- */

TEST(the_first_three_servers_are_read)
{
    impact__endpoint servers[impact__resolver_limit];
    const char *file = "# nameserver 9.9.9.9\nsearch x\nnameserver 10.0.0.1\n"
                       "  nameserver\t fe80::1%eth0  # near\nnameserverx 1.1.1.1\nnameserver\n"
                       "nameserver 10.0.0.3\r\nnameserver 10.0.0.4";
    CHECK_EQUAL(impact__resolvers_read(servers, impact_text_of(file)), 3);
    CHECK_STRING(servers[0].where, "10.0.0.1");
    CHECK_EQUAL(servers[0].port, 53);
    CHECK_STRING(servers[1].where, "fe80::1%eth0");
    CHECK_STRING(servers[2].where, "10.0.0.3");
}

TEST(without_a_server_it_is_this_machine)
{
    impact__endpoint servers[impact__resolver_limit];
    CHECK_EQUAL(impact__resolvers_read(servers, impact_text_of(NULL)), 1);
    CHECK_STRING(servers[0].where, "127.0.0.1");
}

/* ---- files ---- */

TEST(numbers_are_found_behind_their_keys)
{
    const impact_text file =
        impact_text_of("ab 1\na 2\nb:    30 kB\nc\nd x\ne99\nf 99999999999999999"
                       "999999\ng 7");
    uint64_t value = 0;
    CHECK(impact__file_number(&value, file, "a") && value == 2);
    CHECK(impact__file_number(&value, file, "b:") && value == 30);
    CHECK(impact__file_number(&value, file, "g") && value == 7);
    CHECK(!impact__file_number(&value, file, "c"));
    CHECK(!impact__file_number(&value, file, "d"));
    CHECK(!impact__file_number(&value, file, "e"));
    CHECK(!impact__file_number(&value, file, "f"));
    CHECK(!impact__file_number(&value, file, "h"));
    CHECK(!impact__file_number(&value, impact_text_of(NULL), "a"));
}

/* As large as it is, so that it is too large. */
static int make_file(char *path, long size)
{
    const int file = mkstemp(path);
    CHECK(file >= 0);
    CHECK_EQUAL(ftruncate(file, size), 0);
    return file;
}

TEST(files_are_read_whole_or_not_at_all)
{
    char path[] = "/tmp/impact-file-XXXXXX";
    impact__buffer to = IMPACT__BUFFER(NULL);
    const int file = make_file(path, 1 << 20);
    CHECK(impact__file_read(&to, path));
    CHECK_EQUAL(to.size, 1 << 20);
    CHECK_EQUAL(ftruncate(file, (1 << 20) + 5000), 0);
    CHECK(!impact__file_read(&to, path));
    CHECK_EQUAL(ftruncate(file, 0), 0);
    CHECK(impact__file_read(&to, path));
    CHECK_EQUAL(to.size, 0);
    CHECK(!impact__file_read(&to, "/nonexistent"));
    CHECK(!impact__file_read(&to, "/tmp"));
    impact__buffer_close(&to);
    (void)close(file);
    CHECK_EQUAL(unlink(path), 0);
}

TEST(a_pipe_in_the_place_of_a_file_is_not_waited_for)
{
    char path[] = "/tmp/impact-small-file-XXXXXX";
    impact__buffer file = IMPACT__BUFFER(NULL);
    (void)alarm(60);
    REQUIRE(mkdtemp(path) && rmdir(path) == 0 && mkfifo(path, 0600) == 0);
    CHECK(impact__file_read(&file, path) && file.size == 0);
    const int writer = open(path, O_RDWR | O_CLOEXEC);
    CHECK(!impact__file_read(&file, path));
    (void)close(writer);
    (void)unlink(path);
    impact__buffer_close(&file);
}

TEST(a_file_needs_memory)
{
    faults f;
    FOR_EACH_ALLOCATION_FAILURE(&f) {
        impact__buffer to = IMPACT__BUFFER(&f.allocator);
        CHECK(impact__file_read(&to, "/proc/self/mountinfo") != f.injected);
        impact__buffer_close(&to);
    }
}
