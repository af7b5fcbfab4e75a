"""Makes no difference of foreground and background."""

import signal

# What a shell starts in the background ignores these, and so would each program that a test starts,
# and stops with one of them.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_DFL)
