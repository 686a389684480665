"""A TCP proxy that misbehaves when told to: resets, half-open connections, delays, throttling, writes in small parts.

It stands before the broker. Its ways (`ways`), which may be changed at any time and hold for all its connections:
    pass      as fast as it can
    delay     every piece of data waits 50 to 300 ms, in order
    throttle  4,000 bytes a second in each direction
    parts     writes of 1 to 7 bytes
    swallow   half-open: reads everything, passes nothing on, closes nothing; what was swallowed never comes. New
              connections are taken and swallowed too
    refuse    new connections are reset
`reset()` ends all connections with an RST; a connection that swallowed something ends so when the way changes, since
nobody could go on after a hole in the stream.
"""

import asyncio
import contextlib
import random
import socket
import struct
import threading

PIECE = 65536


class Proxy:
    def __init__(self, port, seed=1):
        self.host, self.port, self.target = "127.0.0.1", port, None
        self.way = "pass"
        self.chance = random.Random(seed)
        self.accepted = 0
        self._open = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=f"proxy {port}", daemon=True)

    def start(self, target):
        """Pass connections on to that port of this machine."""
        self.target = target
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def stop(self):
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def set(self, way):
        def change():
            self.way = way
            for pair in list(self._open):
                if pair.holed and way != "swallow":
                    pair.reset()
        self._loop.call_soon_threadsafe(change)

    def reset(self):
        def all_of_them():
            for pair in list(self._open):
                pair.reset()
        self._loop.call_soon_threadsafe(all_of_them)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _listen(self):
        await asyncio.start_server(self._take, self.host, self.port, backlog=4096)

    async def _take(self, reader, writer):
        self.accepted += 1
        pair = Pair(self, writer)
        self._open.add(pair)
        try:
            if self.way == "refuse":
                return
            if self.way == "swallow":
                pair.holed = True
                while await reader.read(PIECE):
                    pass
                return
            with contextlib.suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection(self.host, self.target)
                pair.writers.append(far_writer)
                await asyncio.wait([asyncio.ensure_future(self._pass(pair, reader, far_writer)),
                                    asyncio.ensure_future(self._pass(pair, far_reader, writer))],
                                   return_when=asyncio.FIRST_COMPLETED)
        finally:
            pair.reset()

    async def _pass(self, pair, reader, writer):
        with contextlib.suppress(OSError):
            while (data := await reader.read(PIECE)) and not writer.is_closing():
                way = self.way
                if way == "swallow" or pair.holed:
                    pair.holed = True
                elif way == "parts":
                    while data and not writer.is_closing():
                        size = self.chance.randint(1, 7) if len(data) < 4000 else 1000
                        writer.write(data[:size])
                        data = data[size:]
                        await asyncio.sleep(0)
                else:
                    if way == "delay":
                        await asyncio.sleep(self.chance.uniform(0.05, 0.3))
                    elif way == "throttle":
                        await asyncio.sleep(min(len(data) / 4000, 5))
                    if not writer.is_closing():
                        writer.write(data)
                if not pair.holed:
                    await writer.drain()


class Pair:
    """Both ends of one connection."""

    def __init__(self, proxy, writer):
        self.proxy, self.writers, self.holed = proxy, [writer], False

    def reset(self):
        self.proxy._open.discard(self)
        for writer in self.writers:
            with contextlib.suppress(OSError, AttributeError):
                sock = writer.transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
