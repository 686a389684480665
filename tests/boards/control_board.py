"""A spa control board on Modbus TCP, written apart from libmodbus: registers, a watchdog, water and current."""

import json
import shutil
import socketserver
import struct
import threading
import time

from harness.paths import scratch

HEATER, MOTOR, HEARTBEAT = 0, 1, 40
WATER, LEVEL, CURRENT, SWITCHES, TURNS = range(5)
WATCHDOG_S = 0.8


class ControlBoard(socketserver.ThreadingTCPServer):
    """For the model bath-basic. `description` is its board description file."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, mdegc=36000):
        super().__init__(("127.0.0.1", 0), _Connection)
        self.lock, self.ending = threading.Lock(), threading.Event()
        self.holding, self.inputs, self.water = [0] * 64, [0, 900, 60, 0, 0], mdegc
        self.beat, self.beat_at = 0, time.monotonic()
        self.folder = scratch("pdl-control-")
        self.description = self.folder / "board.json"
        self.description.write_text(json.dumps({
            "link": {"kind": "tcp", "address": "127.0.0.1", "port": self.server_address[1]}, "period_ms": 40,
            "outputs": [{"actuator": "heater", "address": HEATER, "full": 1000},
                        {"actuator": "vibration", "address": MOTOR, "full": 100}],
            "heartbeat": HEARTBEAT,
            "water": [{"table": "input", "address": WATER}],
            "level": {"table": "input", "address": LEVEL}, "current": {"table": "input", "address": CURRENT},
            "motion": [{"actuator": "vibration", "table": "input", "address": TURNS}],
            "contacts": {"leak": {"table": "input", "address": SWITCHES, "bit": 1},
                         "lid": {"table": "input", "address": SWITCHES, "bit": 2}},
            "emergency_stop": {"table": "input", "address": SWITCHES, "bit": 0}}))
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.serve_forever, self._live)]
        for thread in self.threads:
            thread.start()

    def drives(self):
        """The motor's and the heater's share, 0 to 1."""
        with self.lock:
            return self.holding[MOTOR] / 100, self.holding[HEATER] / 1000

    def _live(self):
        before = time.monotonic()
        while not self.ending.wait(0.02):
            with self.lock:
                now = time.monotonic()
                if self.holding[HEARTBEAT] != self.beat:
                    self.beat, self.beat_at = self.holding[HEARTBEAT], now
                if now - self.beat_at > WATCHDOG_S:
                    self.holding[HEATER] = self.holding[MOTOR] = 0
                self.water += 400 * self.holding[HEATER] / 1000 * (now - before) * 1e6 / (8000 * 4186)
                self.inputs[WATER], self.inputs[CURRENT] = int(self.water), 60 + 6 * self.holding[MOTOR]
                self.inputs[TURNS] = 10 * self.holding[MOTOR]
                before = now

    def answer(self, question):
        """The answer's bytes after the unit's number: functions 3, 4 and 16; all else is refused."""
        function, address, count = struct.unpack(">BHH", question[:5])
        with self.lock:
            table = {3: self.holding, 4: self.inputs, 16: self.holding}.get(function)
            if table is None:
                return bytes([function | 0x80, 1])
            if address + count > len(table):
                return bytes([function | 0x80, 2])
            if function == 16:
                table[address:address + count] = struct.unpack(f">{count}H", question[6:6 + 2 * count])
                return question[:5]
            return struct.pack(f">BB{count}H", function, 2 * count, *table[address:address + count])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.shutdown()
        self.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)


class _Connection(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            while head := self.rfile.read(7):
                number, protocol, length, unit = struct.unpack(">HHHB", head)
                answer = self.server.answer(self.rfile.read(length - 1))
                self.wfile.write(struct.pack(">HHHB", number, protocol, len(answer) + 1, unit) + answer)
        except (OSError, struct.error):
            pass  # the other side is gone
