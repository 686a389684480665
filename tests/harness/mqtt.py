"""A small MQTT 5 client for tests: QoS 0 and 1, clean start, one socket, no thread; you see every reason code.

It is written from the standard and shares nothing with the product's library, so that both ends cannot agree on a mistake.
"""

import collections
import json
import select
import socket
import struct
import time

from .process import TooLate

Message = collections.namedtuple("Message", "topic payload qos retained")
CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = (
    1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14)
NOT_AUTHORIZED = 135


class MqttRefused(OSError):
    """The broker refused or closed the connection; `reason` is its code (None when it closed without one)."""

    def __init__(self, reason):
        super().__init__(f"the broker refused: reason {reason}")
        self.reason = reason


def _string(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">H", len(raw)) + raw


def _length(number):
    out = b""
    while True:
        number, digit = divmod(number, 128)
        out += bytes([digit | (0x80 if number else 0)])
        if not number:
            return out


class Mqtt:
    """with Mqtt("127.0.0.1", port, client_id=..., username=..., password=...) as client: ...

    will: (topic, payload, qos, retained). Answers to QoS 1 messages are sent as they are received by receive() or by any
    other call that waits. keepalive 0: the broker never gives up on us.
    """

    def __init__(self, host, port, *, client_id, username=None, password=None, will=None, keepalive_s=0, timeout_s=10.0):
        self.timeout_s = timeout_s
        self.inbox = collections.deque()
        self._answers = {}
        self._buffer = b""
        self._next_id = 0
        self.sock = socket.create_connection((host, port), timeout_s)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        flags, payload = 0x02, _string(client_id)
        if will:
            topic, text, qos, retained = will
            flags |= 0x04 | qos << 3 | retained << 5
            payload += b"\x00" + _string(topic) + _string(text)
        if username is not None:
            flags |= 0x80
            payload += _string(username)
        if password is not None:
            flags |= 0x40
            payload += _string(password)
        self._send(CONNECT << 4, _string("MQTT") + bytes([5, flags]) + struct.pack(">H", keepalive_s) + b"\x00" + payload)
        answer = self._wait_for((CONNACK, None), timeout_s)
        if answer[1] != 0:
            self.sock.close()
            raise MqttRefused(answer[1])

    def _send(self, first, body):
        try:
            self.sock.sendall(bytes([first]) + _length(len(body)) + body)
        except OSError:
            raise MqttRefused(None) from None

    def _packet(self):
        """Take one whole packet from the buffer: (first byte, body) or None."""
        size = shift = 0
        for at in range(1, 5):
            if len(self._buffer) <= at:
                return None
            size |= (self._buffer[at] & 0x7F) << shift
            shift += 7
            if not self._buffer[at] & 0x80:
                break
        end = at + 1 + size
        if len(self._buffer) < end:
            return None
        first, body = self._buffer[0], self._buffer[at + 1:end]
        self._buffer = self._buffer[end:]
        return first, body

    def _pump(self, wait_s):
        """Read what there is, waiting at most wait_s for the first byte, and file it."""
        if select.select([self.sock], [], [], max(0.0, wait_s))[0]:
            try:
                piece = self.sock.recv(65536)
            except OSError:
                piece = b""
            if not piece:
                raise MqttRefused(self._answers.get((DISCONNECT, None), [None])[0])
            self._buffer += piece
        while (packet := self._packet()) is not None:
            self._file(*packet)

    def _file(self, first, body):
        kind = first >> 4
        if kind == PUBLISH:
            qos, at = first >> 1 & 3, 2 + struct.unpack(">H", body[:2])[0]
            topic = body[2:at].decode()
            if qos:
                self._send(PUBACK << 4, body[at:at + 2])
                at += 2
            at += 1 + body[at]  # properties: never more than 127 bytes in our use
            self.inbox.append(Message(topic, body[at:], qos, bool(first & 1)))
        elif kind in (PUBACK, SUBACK, UNSUBACK):
            self._answers[kind, struct.unpack(">H", body[:2])[0]] = body[2:]
        else:
            self._answers[kind, None] = body

    def _wait_for(self, key, deadline_s):
        end = time.monotonic() + deadline_s
        while key not in self._answers:
            if time.monotonic() > end:
                raise TooLate(f"no MQTT packet {key} in {deadline_s:g} s")
            self._pump(end - time.monotonic())
        return self._answers.pop(key)

    def _id(self):
        self._next_id = self._next_id % 65535 + 1
        return self._next_id

    def publish(self, topic, payload, qos=1, retain=False):
        """Publish text, bytes or what json can write. Returns the reason code (0 taken, 16 nobody listens, 135 not allowed);
        None for QoS 0."""
        if not isinstance(payload, (bytes, str)):
            payload = json.dumps(payload, separators=(",", ":"))
        raw = payload if isinstance(payload, bytes) else payload.encode()
        ident = self._id()
        head = _string(topic) + (struct.pack(">H", ident) if qos else b"") + b"\x00"
        self._send(PUBLISH << 4 | qos << 1 | retain, head + raw)
        if not qos:
            return None
        answer = self._wait_for((PUBACK, ident), self.timeout_s)
        return answer[0] if answer else 0

    def subscribe(self, *topics, qos=1):
        """Returns the list of reason codes: the granted QoS, or 128 and above."""
        ident = self._id()
        body = struct.pack(">H", ident) + b"\x00" + b"".join(_string(topic) + bytes([qos]) for topic in topics)
        self._send(SUBSCRIBE << 4 | 2, body)
        answer = self._wait_for((SUBACK, ident), self.timeout_s)
        return list(answer[1 + answer[0]:])

    def receive(self, deadline_s=10.0, topic=None):
        """The next Message, or the next on `topic` (others stay for later). TooLate at the deadline."""
        end = time.monotonic() + deadline_s
        while True:
            for message in self.inbox:
                if topic is None or message.topic == topic:
                    self.inbox.remove(message)
                    return message
            if time.monotonic() > end:
                raise TooLate(f"no message{f' on {topic}' if topic else ''} in {deadline_s:g} s")
            self._pump(end - time.monotonic())

    def receive_json(self, deadline_s=10.0, topic=None):
        """Like receive(), the payload parsed."""
        return json.loads(self.receive(deadline_s, topic).payload)

    def quiet(self, for_s):
        """True when nothing comes for so long: after a round trip to the broker, this is how to see that nothing will."""
        end = time.monotonic() + for_s
        while not self.inbox and time.monotonic() < end:
            self._pump(end - time.monotonic())
        return not self.inbox

    def close(self, with_will=False):
        """Disconnect; with_will: vanish instead, so that the broker publishes the will."""
        try:
            if not with_will:
                self.sock.sendall(bytes([DISCONNECT << 4, 0]))
        except OSError:
            pass
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
