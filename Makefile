# make run    the station with simulated devices and the doctor's desk; prints the addresses to open
# make test   every kind of test;  make test-slow  the same with more seeds, rounds, looks and screens: at each landing
# make check  form, types, floors, translations;  make bench  measurements as JSON lines
# make docs  the guides and the reference of what is public, as web pages
# make golden  what the plugins' golden pages show, written anew
# make gallery  a picture of every page;  make sheet  some of them on one sheet;  make accessibility  docs/accessibility.md

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLUGINS := $(wildcard plugins/*/pyproject.toml)
INSTALLED := $(VENV)/.installed
# Most tests wait for a browser or a clock: one more at once than there are processors here.
WORKERS ?= 3
PACKAGES := core/tramkit hal/tramkit_hal $(wildcard plugins/*/tramkit_*)

# Debian packages, each with a file or command that tells whether it is there.
SYSTEM := chromium:chromium libportaudio2:libportaudio.so.2 libgl1:libGL.so.1 libglib2.0-0:libglib-2.0.so.0 \
          fonts-noto-core:NotoSans-Regular.ttf pulseaudio:pulseaudio pulseaudio-utils:pactl \
          libasound2-plugins:libasound_module_pcm_pulse.so espeak-ng:espeak-ng \
          cups-ipp-utils:ippeveprinter nut-server:upsd dbus:dbus-daemon \
          coturn:turnserver nginx-light:nginx systemd:systemd-analyze nftables:nft iproute2:ip \
          bubblewrap:bwrap libseccomp2:libseccomp.so.2 \
          pcscd:pcscd vsmartcard-vpcd:/usr/lib/pcsc/drivers/serial/libifdvpcd.so \
          libpcsclite-dev:/usr/include/PCSC/winscard.h swig:swig

.PHONY: run test test-slow test-long check bench peers pictures golden gallery sheet accessibility docs release install system piper pyscard clean

run: install
	@$(BIN)/tramkit demo

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt $(PLUGINS)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable '.[web,camera,audio,voice,codes,vitals,terminal,papers,sandbox,dev]' $(foreach plugin,$(PLUGINS),--editable $(dir $(plugin)))
	@touch $@

system:
	@sh tests/system.sh $(SYSTEM)

# A voice to hear, apart from the project's own environment; without it one test is skipped.
PIPER := build/piper-venv

piper: $(PIPER)/.installed

$(PIPER)/.installed: tests/piper.txt
	@$(PYTHON) -m venv $(PIPER) \
		&& $(PIPER)/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/piper.txt \
		&& touch $@ || echo "Piper cannot be installed: the test that hears it is skipped" >&2

# PC/SC has no wheel: it is built with the headers and the swig that `make system` brings; without it its tests are skipped.
pyscard: $(VENV)/.pyscard

$(VENV)/.pyscard: $(INSTALLED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt pyscard \
		&& touch $@ || echo "pyscard cannot be built: the tests of the card reader are skipped" >&2

PYTEST := $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

# All that is not marked slow or long; TESTS=path runs what lies there whole.
test: install system pyscard piper
	@$(PYTEST) $(if $(TESTS),$(TESTS),-m "not slow and not long")

test-slow: install system pyscard piper
	@$(PYTEST) -m "slow and not long" $(TESTS) || test $$? = 5

# What takes minutes of one kind or measures, by hand and by itself: the shorter ones of its kind are in the others.
test-long: install system pyscard piper
	@$(BIN)/python -m pytest -q -m long $(TESTS) || test $$? = 5

check: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports
	@$(BIN)/python -m tramkit.translations $(PACKAGES)

bench: install system peers
	@$(BIN)/python -m bench

# What the benches measure Tramkit beside, in an environment of its own: build/peers-venv.
peers: install
	@$(BIN)/python -m bench.peers

# The pictures of README and docs, taken from a running site.
pictures: install system
	@PYTHONPATH=tests $(BIN)/python -m support.take_pictures docs/pictures

# What each plugin ships in golden.json, written anew from what its services show.
golden: install
	@TRAMKIT_RECORD=1 $(BIN)/python -m pytest -q tests/screens/test_golden_pages.py \
		plugins/telehealth/tests/kiosk/test_golden.py

# Every golden page as a picture, with an index to look through: build/gallery/index.html; ONLY='*attract*' some of them.
gallery: install system
	@PYTHONPATH=tests $(BIN)/python -m support.take_gallery build/gallery $(ONLY)

# The pictures of docs/screens.md, small, from a gallery that `make gallery` has taken.
SHEET ?= [a-z]*.vi.portrait.normal.png

sheet: install
	@PYTHONPATH=tests $(BIN)/python -m support.contact_sheet build/gallery '$(SHEET)' docs/pictures/pages.webp

# Every golden page measured, and the report point by point.
accessibility: install system
	@PYTHONPATH=tests $(BIN)/python -m support.measure_accessibility docs/accessibility.md

# The guides and a page for each public module as web pages, in build/docs; a dead link or a bare public name fails.
docs: install
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt sphinx myst-parser
	@$(BIN)/python deploy/docs.py

# Wheels, their SHA-256 and the bill of materials of a release, in build/dist; the same commit gives the same bytes.
release: install
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt cyclonedx-bom
	@$(BIN)/python deploy/release.py build/dist

clean:
	rm -rf $(VENV) build var .pytest_cache .ruff_cache .hypothesis
