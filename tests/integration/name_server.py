"""A name server on the loopback that answers what a test says, and programs that ask it."""

import contextlib
import dataclasses
import os
import pathlib
import random
import socket
import struct
import subprocess
import tempfile
import threading

import pytest

A, AAAA, CNAME = 1, 28, 5
NOT_THERE, FAILED = 3, 2  # codes of an answer
ANSWER, TRUNCATED = 0x8180, 0x0200
PORT = 53
TRIES = 20


@dataclasses.dataclass(frozen=True)
class Question:
    message: bytes
    name: str
    kind: int
    is_stream: bool

    @property
    def section(self):
        return self.message[12 : 12 + len(self.name) + 2 + 4]


def read(message, is_stream=False):
    labels, at = [], 12
    while size := message[at]:
        labels.append(message[at + 1 : at + 1 + size].decode())
        at += 1 + size
    (kind,) = struct.unpack_from(">H", message, at + 1)
    return Question(message, ".".join(labels), kind, is_stream)


def record(kind, data, ttl, name=b"\xc0\x0c"):
    return name + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


def reply(question, *records, code=0, flags=0):
    counts = struct.pack(">HHHH", 1, len(records), 0, 0)
    head = question.message[:2] + struct.pack(">H", ANSWER | flags | code) + counts
    return head + question.section + b"".join(records)


def packed(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


# ---- what a server may do: a question to an answer, or to None ----


def has(*addresses, ttl=300):
    """It knows those, whatever the name."""

    def answer(question):
        kinds = {A: socket.AF_INET, AAAA: socket.AF_INET6}
        return reply(
            question,
            *(
                record(kind, socket.inet_pton(family, address), ttl)
                for kind, family in kinds.items()
                for address in addresses
                if kind == question.kind and (":" in address) == (kind == AAAA)
            ),
        )

    return answer


def says(code):
    return lambda question: reply(question, code=code)


def silent(question):
    return None


def garbage(question):
    return question.message[:2] + random.randbytes(60)


def cut_short(question):
    return has("127.0.0.1")(question)[:-3]


def in_turn(*answers):
    """The first questions, of both kinds, get the first; the last answer stays."""
    asked = []

    def answer(question):
        asked.append(question)
        return answers[min((len(asked) - 1) // 2, len(answers) - 1)](question)

    return answer


def over_tcp(answer):
    """A datagram has no room for it."""
    return lambda question: (
        answer(question) if question.is_stream else reply(question, flags=TRUNCATED)
    )


def by_another_name(*addresses):
    def answer(question):
        other = packed("other.example")
        kind = A if question.kind == A else AAAA
        found = [socket.inet_aton(address) for address in addresses if kind == A]
        alias = record(CNAME, other, 300)
        return reply(question, alias, *(record(A, data, 300, other) for data in found))

    return answer


def zone(**answers):
    """By the first label of the name; of others it knows nothing."""

    def answer(question):
        return answers.get(question.name.split(".")[0], says(NOT_THERE))(question)

    return answer


# ---- the server ----


class NameServer:
    def __init__(self, answer):
        self.answer = answer
        self.asked = []
        self.datagrams, self.streams, self.address = bind()
        self.streams.listen()
        self.threads = [threading.Thread(target=self.serve, args=(of,)) for of in self.ways()]
        for thread in self.threads:
            thread.start()

    def ways(self):
        return self.take_datagram, self.take_stream

    def reply(self, message, is_stream):
        question = read(message, is_stream)
        self.asked.append((question.name, question.kind, is_stream))
        return self.answer(question)

    def take_datagram(self):
        message, peer = self.datagrams.recvfrom(4096)
        if not message:
            return False
        if answer := self.reply(message, False):
            self.datagrams.sendto(answer, peer)
        return True

    def take_stream(self):
        connection, _ = self.streams.accept()
        with connection, connection.makefile("rwb") as stream:
            while size := stream.read(2):
                message = stream.read(int.from_bytes(size, "big"))
                if answer := self.reply(message, True):
                    stream.write(len(answer).to_bytes(2, "big") + answer)
                    stream.flush()
        return bool(size or self.asked) and not self.is_over

    is_over = False

    def serve(self, take):
        with contextlib.suppress(ConnectionError):
            while take():
                pass

    def close(self):
        self.is_over = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (self.address, PORT))
        with contextlib.suppress(ConnectionError):
            socket.create_connection((self.address, PORT)).close()
        for thread in self.threads:
            thread.join()
        self.datagrams.close()
        self.streams.close()


def bind():
    """An address of the loopback's sixteen million, with the one port that such a server has."""
    for _ in range(TRIES):
        address = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
        sockets = [socket.socket(type=kind) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)]
        try:
            for one in sockets:
                one.bind((address, PORT))
            return *sockets, address
        except OSError as error:
            for one in sockets:
                one.close()
            refusal = error
    pytest.skip(f"no name server may be here: {refusal}")


@contextlib.contextmanager
def serving(answer, hosts="", options="retrans:200 timeout:1"):
    """A name server, and the words before a program that asks it, which has such /etc/hosts."""
    server = NameServer(answer)
    try:
        with tempfile.TemporaryDirectory() as folder:
            files = {
                "resolv.conf": f"nameserver {server.address}\noptions {options}\n",
                "hosts": hosts,
            }
            for name, text in files.items():
                pathlib.Path(folder, name).write_text(text, encoding="utf-8")
            yield server, before(folder, files)
    finally:
        server.close()


AS_ROOT = () if os.geteuid() == 0 else ("--map-root-user",)
ALONE = ("unshare", *AS_ROOT, "--mount")


def before(folder, files):
    """What is mounted is the program's alone."""
    if subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no namespaces here")
    mounts = " && ".join(f"mount --bind {folder}/{name} /etc/{name}" for name in files)
    return (*ALONE, "sh", "-c", f'{mounts} && exec "$@"', "sh")
