/* The terminal below ncurses. */
#include "terminal.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

bool view_terminal_open(view_terminal *terminal, view_outlet *outlet)
{
    *terminal = (view_terminal){.outlet = outlet};
    if (tcgetattr(STDIN_FILENO, &terminal->before))
        return false;
    const int descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    terminal->drawn = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (!terminal->drawn && descriptor >= 0)
        (void)close(descriptor); /* nothing was written */
    return terminal->drawn != NULL;
}

void view_terminal_close(view_terminal *terminal)
{
    if (terminal->drawn)
        (void)fclose(terminal->drawn); /* what was drawn has been sent */
    terminal->drawn = NULL;
}

bool view_terminal_divert(view_terminal *terminal)
{
    const int memory = memfd_create("screen", MFD_CLOEXEC);
    const int descriptor = memory < 0 ? -1 : dup3(memory, fileno(terminal->drawn), O_CLOEXEC);
    if (memory >= 0)
        (void)close(memory); /* it was only made */
    return descriptor >= 0 && !tcgetattr(STDIN_FILENO, &terminal->ours);
}

bool view_terminal_take(view_terminal *terminal)
{
    const int descriptor = fileno(terminal->drawn);
    const off_t size = lseek(descriptor, 0, SEEK_CUR);
    if (size <= 0)
        return true;
    impact__buffer *to = &terminal->outlet->bytes;
    char *room = impact__buffer_reserve(to, (size_t)size);
    const bool is_taken = room && pread(descriptor, room, (size_t)size, 0) == size;
    if (is_taken)
        to->size += (size_t)size;
    /* A file in memory can be made smaller, and begun anew. */
    (void)!ftruncate(descriptor, 0);
    (void)lseek(descriptor, 0, SEEK_SET);
    view_outlet_send(terminal->outlet);
    return is_taken;
}

/* TCSADRAIN would wait for a terminal that takes nothing. One that Ctrl-S has stopped goes on when
 * nothing stops it any more (IXON): so what is left reaches it, and the next program finds it as it
 * was. */
void view_terminal_release(view_terminal *terminal)
{
    struct termios running = terminal->ours;
    running.c_iflag &= ~(tcflag_t)IXON;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &running); /* it is there, or gone */
    view_outlet_finish(terminal->outlet);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal->before);
}

void view_terminal_resume(view_terminal *terminal)
{
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal->ours); /* as above */
}
