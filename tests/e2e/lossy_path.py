"""A UDP path between a browser and a server that loses datagrams towards the server."""

from __future__ import annotations

import random
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class LossyPath:
    """Takes datagrams at `port` and gives them to the server, but for a share of them.

    Each sender gets a socket of its own towards the server, as behind a NAT; what the server sends
    there goes back to it. Which ones are lost is decided by a seed and the order of arrival.
    """

    def __init__(self, loss: float, seed: int) -> None:
        self._loss = loss
        self._dice = random.Random(seed)
        self._outside = _socket()
        self.port: int = self._outside.getsockname()[1]
        self.server_port = 0  # known once the server has answered
        self.passed = self.lost = 0
        self._senders: dict[tuple[str, int], socket.socket] = {}
        self._waits = selectors.DefaultSelector()
        self._waits.register(self._outside, selectors.EVENT_READ, None)
        self._wake, self._woken = socket.socketpair()
        self._waits.register(self._woken, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._wake.close()
        self._thread.join()
        for one in (self._outside, self._woken, *self._senders.values()):
            one.close()
        self._waits.close()

    def _run(self) -> None:
        while True:
            for key, _ in self._waits.select():
                if key.fileobj is self._woken:
                    return
                if key.fileobj is self._outside:
                    self._take_of_browser()
                else:
                    datagram, _ = key.fileobj.recvfrom(2048)  # type: ignore[union-attr]
                    self._outside.sendto(datagram, key.data)

    def _take_of_browser(self) -> None:
        datagram, sender = self._outside.recvfrom(2048)
        if self._dice.random() < self._loss:
            self.lost += 1
            return
        self.passed += 1
        if sender not in self._senders:
            self._senders[sender] = _socket()
            self._waits.register(self._senders[sender], selectors.EVENT_READ, sender)
        self._senders[sender].sendto(datagram, ("127.0.0.1", self.server_port))


def _socket() -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind(("127.0.0.1", 0))
    return one


@contextmanager
def lossy_path(loss: float, seed: int) -> Iterator[LossyPath]:
    """A path that ends with the test."""
    path = LossyPath(loss, seed)
    try:
        yield path
    finally:
        path.close()
