"""Runs a program where the name server takes every question and answers none.

    unshare --mount --net python nameless.py PROGRAM ARGUMENTS...

The network and what is mounted are its own: nobody else has that name server.
"""

import fcntl
import socket
import struct
import subprocess
import sys
import tempfile

SIOCSIFFLAGS, IFF_UP, NAME_PORT = 0x8914, 1, 53


def bring_loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", IFF_UP)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, request)


def main():
    bring_loopback_up()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent,
        tempfile.NamedTemporaryFile("w") as settings,
    ):
        silent.bind(("127.0.0.1", NAME_PORT))
        settings.write("nameserver 127.0.0.1\n")
        settings.flush()
        subprocess.run(["mount", "--bind", settings.name, "/etc/resolv.conf"], check=True)
        return subprocess.run(sys.argv[1:], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
