# The two commands are `make run` and `make test`; everything else is in scripts/ and CMakeLists.txt.
# /usr/bin/python3: the one that Debian's packages (scripts/packages.txt) belong to.
.PHONY: help run test bench soak simulate fuzz format clean

help:
	@echo 'make run      a whole spa on this machine: database, broker, server, six simulated devices (SPEED=60: faster)'
	@echo 'make test     every check there is; the last line is "N passed, N failed"'
	@echo 'make bench    figures of the server and the agent on this machine'
	@echo 'make soak     simulated lives, the link under fire, hours of sessions (SEEDS=1000000, FAULT_MINUTES=30, HOURS=1)'
	@echo 'make simulate many seeds of the simulated devices (SEEDS=1000000, SEED=1)'
	@echo 'make fuzz     every decoder under libFuzzer (SECONDS_EACH=60)'
	@echo 'make format   lay out the C files'
	@echo 'make clean    remove what was built, and the data of make run'

run:
	@scripts/setup.sh run
	@echo 'run: building'
	@scripts/build.sh release pediluved pediluve-agent pediluve-fleet
	@node dashboard/build.mjs
	@exec /usr/bin/python3 scripts/run.py

test:
	@exec scripts/test.sh

bench:
	@scripts/setup.sh test
	@scripts/build.sh release
	@node dashboard/build.mjs
	@exec /usr/bin/python3 tests/bench/bench.py

simulate:
	@scripts/setup.sh test
	@scripts/build.sh release simulation
	@exec /usr/bin/python3 scripts/simulate.py

soak: simulate
	@scripts/setup.sh test
	@scripts/build.sh release pediluved pediluve-agent pediluve-fleet
	@/usr/bin/python3 scripts/soak_faults.py
	@exec /usr/bin/python3 scripts/soak.py

fuzz:
	@scripts/setup.sh test
	@scripts/build.sh fuzz
	@exec /usr/bin/python3 tests/fuzz/run.py build/fuzz $(or $(SECONDS_EACH),60)

format:
	@exec scripts/format.sh

clean:
	@exec /usr/bin/python3 scripts/clean.py
