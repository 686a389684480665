"""A foot bath as a folder that looks like /sys: a relay, a motor, sensors, and a thread that is the water and the current."""

import json
import shutil
import threading
import time

from harness.paths import scratch

PERIOD_NS = 50000
IDLE_MA, MOTOR_MA = 60, 600
DUTY = "class/pwm/pwmchip0/pwm0/duty_cycle"
RELAY = "class/leds/heater/brightness"
STOP = "class/gpio-keys/stop"
LEAK, LID = "class/gpio-keys/leak", "class/gpio-keys/lid"
TURNS = "class/hwmon/hwmon4/fan1_input"


class FakeUnit:
    """For the model bath-basic. `root` is its sysfs, `description` the board description file."""

    def __init__(self, mdegc=36000):
        self.root = scratch("pdl-unit-")
        self.water, self.dead_motor, self.stuck = mdegc, False, False
        self.goes_on = None  # a share at which the motor turns, whatever is written: the write failed before it
        for name, text in {DUTY: "0", RELAY: "0", STOP: "0", LEAK: "0", LID: "0", TURNS: "0", "class/pwm/pwmchip0/export": "", "class/pwm/pwmchip0/pwm0/period": "0",
                           "class/pwm/pwmchip0/pwm0/enable": "0", "class/pwm/pwmchip0/pwm0/polarity": "normal",
                           "class/hwmon/hwmon4/name": "bath", "class/hwmon/hwmon4/temp1_input": str(mdegc),
                           "class/hwmon/hwmon4/curr1_input": str(IDLE_MA), "bus/iio/devices/iio:device0/name": "adc",
                           "bus/iio/devices/iio:device0/in_voltage0_raw": "900"}.items():
            self.write(name, text)
        self.description = self.root / "board.json"
        self.description.write_text(json.dumps({
            "sysfs": str(self.root),
            "outputs": [{"actuator": "heater", "drive": "attribute", "file": RELAY, "full": 1000},
                        {"actuator": "vibration", "drive": "pwm", "chip": "pwmchip0", "line": 0, "period_ns": PERIOD_NS}],
            "water": [{"bus": "hwmon", "device": "bath", "file": "temp1_input", "period_ms": 20}],
            "level": {"bus": "iio", "device": "adc", "file": "in_voltage0_raw", "period_ms": 20},
            "current": {"bus": "hwmon", "device": "bath", "file": "curr1_input", "period_ms": 20},
            "motion": [{"actuator": "vibration", "bus": "hwmon", "device": "bath", "file": "fan1_input", "period_ms": 20}],
            "contacts": {"leak": {"drive": "attribute", "file": LEAK}, "lid": {"drive": "attribute", "file": LID}},
            "emergency_stop": {"drive": "attribute", "file": STOP}}))
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._live, daemon=True)
        self.thread.start()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")

    def number(self, name):
        """0 for what is no number, as while it is being written, and for a full device, which is read for ever."""
        with open(self.root / name, "rb") as file:
            word = file.read(32).split(b"\n")[0]
        return int(word) if word.isdigit() else 0

    def drives(self):
        """What the hardware does: the motor's and the heater's share, 0 to 1."""
        return self.number(DUTY) / PERIOD_NS, self.number(RELAY) / 1000

    def _live(self):
        before = time.monotonic()
        while not self.ending.wait(0.02):
            now = time.monotonic()
            try:
                motor, heater = self.drives()
            except OSError:  # the test has just taken the file away
                continue
            motor = motor if self.goes_on is None else self.goes_on
            self.water += 400 * heater * (now - before) * 1e6 / (8000 * 4186)  # W, s, ml: thousandths of a degree
            before = now
            self.write("class/hwmon/hwmon4/curr1_input", str(IDLE_MA + int(MOTOR_MA * motor * (not self.dead_motor))))
            self.write(TURNS, str(int(1000 * motor * (not self.dead_motor))))
            if not self.stuck:
                self.write("class/hwmon/hwmon4/temp1_input", str(int(self.water)))

    def close(self):
        self.ending.set()
        self.thread.join()
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
