/* The socket of a service manager: its address, and messages to it. */
#include "serve/notify_socket.h"

#include <errno.h>
#include <signal.h>

#include "support/manager.h"

static const char *read_address(impact__notify_socket *to, const char *address)
{
    return impact__notify_socket_read(to, impact_text_of(address));
}

TEST(a_message_arrives_whole_at_a_path_and_at_an_abstract_name)
{
    manager m;
    impact__notify_socket to;
    manager_open(&m);
    CHECK_STRING(read_address(&to, m.path), NULL);
    CHECK(impact__notify_socket_send(&to, impact_text_of("READY=1\nSTATUS=a")));
    CHECK(manager_take(&m, 0) && strcmp(m.message, "READY=1\nSTATUS=a") == 0);
    manager_close(&m);

    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char address[64];
    (void)snprintf(address, sizeof address, "@impact-notify-%d", (int)getpid());
    memcpy(name.sun_path + 1, address + 1, strlen(address) - 1);
    m.socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK(bind(m.socket, (const struct sockaddr *)&name,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(address))) == 0);
    CHECK_STRING(read_address(&to, address), NULL);
    CHECK(impact__notify_socket_send(&to, impact_text_of("b")));
    CHECK(manager_take(&m, 0) && strcmp(m.message, "b") == 0);
    (void)close(m.socket);
}

TEST(what_is_no_address_is_refused_with_its_reason)
{
    char path[200];
    impact__notify_socket to = {.size = 7};
    CHECK(check_contains(read_address(&to, "vsock:2:1234"), "vsock"));
    CHECK(check_contains(read_address(&to, "vsock-stream:2:1"), "vsock"));
    CHECK(read_address(&to, "") && read_address(&to, "/") && read_address(&to, "@"));
    CHECK(read_address(&to, "run/notify") && read_address(&to, "unix:/run/notify"));
    CHECK(impact__notify_socket_read(&to, impact_text_from("/a\0b", 4)));
    memset(path, '/', sizeof path);
    CHECK(check_contains(impact__notify_socket_read(&to, impact_text_from(path, 108)), "long"));
    CHECK_EQUAL(to.size, 7); /* untouched */
    CHECK_STRING(impact__notify_socket_read(&to, impact_text_from(path, 107)), NULL);
}

TEST(nobody_there_is_no_signal_and_a_full_queue_is_not_waited_for)
{
    manager m;
    impact__notify_socket to;
    int sent = 0;
    manager_open(&m);
    CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    CHECK_STRING(read_address(&to, m.path), NULL);
    while (sent < 100000 && impact__notify_socket_send(&to, impact_text_of("a")))
        sent++; /* until the queue is full: here it would wait */
    CHECK(sent > 0 && sent < 100000);
    manager_close(&m);
    CHECK(!impact__notify_socket_send(&to, impact_text_of("a")));
}
