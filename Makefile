# make                 both modules for Debian's nginx (package nginx-dev),
#                      into build/
# make NGINX_SRC=DIR   for the nginx source tree DIR, which is left as it is;
#                      builds that nginx, too
# make SANITIZE=1      with AddressSanitizer and UndefinedBehaviorSanitizer,
#                      into build/sanitize/
# make COVERAGE=1      with the lines counted that run, into build/coverage/
# make CC=clang        with another compiler
# make BUILD=DIR       into another directory
# make unit            the unit tests, into build/unit/, and the replays of the
#                      fuzz targets' seeds
# make fuzz            the fuzz targets, with clang, into build/fuzz/
# make preload         what tests preload into nginx, into build/preload/
# make test            everything that t/run runs
# make coverage        the same, and which lines it reaches
# make lint            what clang-tidy and cppcheck find, or nothing
# make install         both modules to nginx's modules, and what loads them to
#                      modules-available; obeys DESTDIR, MODULES_DIR, CONF_DIR
# make clean           removes build/
# make V=1             shows the commands

DEBIAN_SRC  = /usr/share/nginx/src
NGINX_SRC  ?= $(DEBIAN_SRC)

MODULES_DIR ?= /usr/lib/nginx/modules
CONF_DIR    ?= /usr/share/nginx/modules-available

MODULES = ngx_http_itinerary_module.so ngx_http_itinerary_sandbox_module.so

# of these, nginx's headers and a nginx that is built with them are free, too

WARNINGS = -Wall -Wextra -Wno-unused-parameter -Wshadow -Wstrict-prototypes \
           -Wmissing-prototypes -Wvla -Werror

ifneq ($(SANITIZE),)

BUILD ?= build/sanitize

# nginx itself is not clean of what UndefinedBehaviorSanitizer finds

ifeq ($(NGINX_SRC),$(DEBIAN_SRC))
sanitize = -fsanitize=address,undefined -fno-sanitize-recover=undefined
else
sanitize = -fsanitize=address -DNGX_DEBUG_PALLOC=1
endif

OPT ?= -g -O1 -fno-omit-frame-pointer
CC_OPT = $(OPT) -fPIC $(sanitize) $(WARNINGS)
LD_OPT = $(sanitize) $(shared)

# clang's runtime is linked into programs, a module needs the shared one; and
# a module's variables may have names that nginx has, too

ifneq ($(findstring clang,$(CC)),)
sanitize += -fsanitize-address-use-odr-indicator
shared = -shared-libsan \
         -Wl,-rpath,$(shell $(CC) -print-resource-dir)/lib/linux
endif

UNIT_OPT = $(OPT) -fsanitize=address,undefined \
           -fno-sanitize-recover=undefined

else ifneq ($(COVERAGE),)

BUILD ?= build/coverage

# nginx compiles in a directory of its own: where a header is must be absolute

OPT ?= -g -O0
coverage = --coverage -fprofile-abs-path

CC_OPT = $(OPT) -fPIC $(coverage) $(WARNINGS)
LD_OPT = $(coverage)

UNIT_OPT = $(OPT) $(coverage)

else

BUILD ?= build

OPT ?= -g -O2
CC_OPT = $(OPT) -fPIC -fstack-protector-strong -fstack-clash-protection \
         -D_FORTIFY_SOURCE=2 -Wformat -Werror=format-security $(WARNINGS)
LD_OPT = -Wl,-z,relro -Wl,-z,now

UNIT_OPT = $(OPT)

endif

# what of nginx a plain tree is built with; Debian's package says it itself

NGINX_FLAGS ?= --with-compat --with-debug --with-threads \
               --with-http_ssl_module --with-http_v2_module \
               --with-http_auth_request_module --with-http_addition_module \
               --with-http_realip_module --with-http_stub_status_module

ifeq ($(NGINX_SRC),$(DEBIAN_SRC))
source_version = $(shell dpkg-query -W nginx-dev)
products = $(addprefix $(BUILD)/,$(MODULES))
else
source_version = $(shell cksum < $(NGINX_SRC)/src/core/nginx.h)
products = $(addprefix $(BUILD)/,$(MODULES) nginx)
endif

# one make at a time builds in a directory

LOCKED = @mkdir -p $(BUILD) && flock $(BUILD)/lock $(MAKE) --no-print-directory

JOBS ?= $(shell nproc)

settings = $(CURDIR) $(NGINX_SRC) $(source_version) $(NGINX_FLAGS) $(CC) $(CC_OPT) \
           $(LD_OPT)
tree = $(BUILD)/tree
objs = $(abspath $(BUILD))/objs


.PHONY: all modules unit preload fuzz test coverage lint install clean FORCE \
        locked-modules locked-unit locked-preload locked-fuzz locked-lint
.DELETE_ON_ERROR:

all: modules

modules:
	$(LOCKED) locked-modules

unit:
	$(LOCKED) -j$(JOBS) locked-unit

preload:
	$(LOCKED) locked-preload

fuzz:
	$(LOCKED) -j$(JOBS) locked-fuzz

test:
	t/run

coverage:
	t/coverage

lint:
	@.ci/packages build lint
	$(LOCKED) -j$(JOBS) -k locked-lint

clean:
	rm -rf build

FORCE:


# the modules

locked-modules: $(BUILD)/configured
	@+$(MAKE) --no-print-directory $(if $(V),,-s) -j$(JOBS) -C $(tree) \
	    -f $(objs)/Makefile $(if $(filter %/nginx,$(products)),binary) modules
	@for product in $(notdir $(products)); do \
	    cmp -s $(objs)/$$product $(BUILD)/$$product \
	    || { cp $(objs)/$$product $(BUILD)/$$product.new \
	         && mv $(BUILD)/$$product.new $(BUILD)/$$product; } \
	    || exit 1; \
	done

$(BUILD)/configured: config $(BUILD)/settings
	@test -f $(NGINX_SRC)/src/core/nginx.h \
	|| { echo "No nginx sources in $(NGINX_SRC): install the package" \
	          "nginx-dev, or set NGINX_SRC." >&2; exit 1; }
	@rm -rf $(tree) $(objs)
	@mkdir -p $(tree)
	@cd $(NGINX_SRC) && tar -cf - --exclude=./objs --exclude=./.git . \
	    | tar -xf - -C $(abspath $(tree))
	@cd $(tree) && bash -c ' \
	    configure=./configure; \
	    test -e $$configure || configure=auto/configure; \
	    NGX_CONF_FLAGS=( $(NGINX_FLAGS) ); \
	    if test -e conf_flags; then . ./conf_flags; fi; \
	    $$configure "$${NGX_CONF_FLAGS[@]}" \
	        --with-cc="$(CC)" \
	        --with-cc-opt="$(CC_OPT)" \
	        --with-ld-opt="$(LD_OPT)" \
	        --add-dynamic-module=$(CURDIR) \
	        --builddir=$(objs)' > $(abspath $(BUILD))/configure.log 2>&1 \
	|| { cat $(abspath $(BUILD))/configure.log >&2; exit 1; }
	@touch $@

$(BUILD)/settings: FORCE
	@echo '$(settings)' | cmp -s - $@ || echo '$(settings)' > $@


# the unit tests: every t/unit/test_*.c is a program, what else is in t/unit/
# belongs to each of them

unit = $(BUILD)/unit

unit_flags = $(UNIT_OPT) $(WARNINGS) -Isrc/core -It/unit \
             -I/usr/include/libxml2 -MMD -MP
quiet = $(if $(V),,@)
unit_libs = -lcmocka -lxml2 -lcrypto -lz

unit_tests = $(patsubst t/unit/%.c,$(unit)/%,$(wildcard t/unit/test_*.c))
unit_shared = $(patsubst t/unit/%.c,$(unit)/%.o, \
                         $(filter-out t/unit/test_%,$(wildcard t/unit/*.c)))
core = $(patsubst src/core/%.c,$(unit)/core/%.o,$(wildcard src/core/*.c))

replays = $(patsubst t/fuzz/%.c,$(unit)/%,$(wildcard t/fuzz/fuzz_*.c))

locked-unit: $(unit_tests) $(replays)

$(unit)/test_%: $(unit)/test_%.o $(unit_shared) $(core)
	$(quiet)$(CC) $(UNIT_OPT) -o $@ $^ $(unit_libs)

$(unit)/fuzz_%: $(unit)/fuzz_%.o $(unit)/replay.o $(core)
	$(quiet)$(CC) $(UNIT_OPT) -o $@ $^ $(unit_libs)

$(unit)/core/%.o: src/core/%.c $(unit)/settings
	@mkdir -p $(@D)
	$(quiet)$(CC) $(unit_flags) -c -o $@ $<

$(unit)/%.o: t/unit/%.c $(unit)/settings
	@mkdir -p $(@D)
	$(quiet)$(CC) $(unit_flags) -c -o $@ $<

$(unit)/%.o: t/fuzz/%.c $(unit)/settings
	@mkdir -p $(@D)
	$(quiet)$(CC) $(unit_flags) -c -o $@ $<

$(unit)/settings: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(unit_flags)' | cmp -s - $@ \
	|| echo '$(CC) $(unit_flags)' > $@


# what is not ours is a system header to the compiler, and is not judged

sources = $(wildcard src/*/*.c) ngx_http_itinerary_module.c
rooms = $(wildcard src/*)
nginx_paths = $(addprefix $(tree)/src/,core event event/modules os/unix http \
                  http/modules http/v2) $(objs)

tidy = $(addprefix tidy-,$(sources))

locked-lint: $(tidy) cppcheck

.PHONY: cppcheck $(tidy)

$(tidy): tidy-%: % $(BUILD)/configured
	@mkdir -p $(BUILD)/lint
	$(quiet)clang-tidy --quiet $< -- -O2 $(WARNINGS) $(addprefix -I,$(rooms)) \
	    $(addprefix -isystem ,$(nginx_paths) /usr/include/libxml2) \
	    > $(BUILD)/lint/$(notdir $<) 2>&1 \
	|| { cat $(BUILD)/lint/$(notdir $<); exit 1; }

cppcheck: $(BUILD)/configured
	@mkdir -p $(BUILD)/lint/cppcheck
	$(quiet)cppcheck --quiet --error-exitcode=1 -j$(JOBS) \
	    --cppcheck-build-dir=$(BUILD)/lint/cppcheck \
	    --enable=warning,style,performance,portability \
	    --std=c11 --platform=unix64 -D__linux__ \
	    --suppressions-list=.cppcheck '--suppress=*:$(tree)/*' \
	    $(addprefix -I,$(rooms) $(nginx_paths)) $(sources)


# the fuzz targets: every t/fuzz/fuzz_*.c is a program

FUZZ_CC  ?= clang

fuzz_flags = -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
             -fno-sanitize-recover=undefined $(WARNINGS) -Isrc/core \
             -It/unit -I/usr/include/libxml2 -MMD -MP
fuzz = build/fuzz

fuzz_targets = $(patsubst t/fuzz/%.c,$(fuzz)/%,$(wildcard t/fuzz/fuzz_*.c))
fuzz_core = $(patsubst src/core/%.c,$(fuzz)/core/%.o,$(wildcard src/core/*.c))

locked-fuzz: $(fuzz_targets)

$(fuzz)/fuzz_%: $(fuzz)/fuzz_%.o $(fuzz_core)
	$(quiet)$(FUZZ_CC) $(fuzz_flags) -fsanitize=fuzzer -o $@ $^ \
	    -lxml2 -lcrypto -lz

$(fuzz)/core/%.o: src/core/%.c $(fuzz)/settings
	@mkdir -p $(@D)
	$(quiet)$(FUZZ_CC) $(fuzz_flags) -fsanitize=fuzzer-no-link -c -o $@ $<

$(fuzz)/%.o: t/fuzz/%.c $(fuzz)/settings
	@mkdir -p $(@D)
	$(quiet)$(FUZZ_CC) $(fuzz_flags) -fsanitize=fuzzer-no-link -c -o $@ $<

$(fuzz)/settings: FORCE
	@mkdir -p $(@D)
	@echo '$(FUZZ_CC) $(fuzz_flags)' | cmp -s - $@ \
	|| echo '$(FUZZ_CC) $(fuzz_flags)' > $@


.SECONDARY:

-include $(wildcard $(unit)/*.d $(unit)/core/*.d $(fuzz)/*.d $(fuzz)/core/*.d)


# what the tests preload: every t/preload/*.c is a library; a sanitizer's
# runtime that nginx has not loaded cannot be in it

locked-preload: $(patsubst t/preload/%.c,$(BUILD)/preload/%.so, \
                           $(wildcard t/preload/*.c))

$(BUILD)/preload/%.so: t/preload/%.c
	@mkdir -p $(@D)
	$(quiet)$(CC) -g -O2 -fPIC $(WARNINGS) -shared -o $@ $< -ldl


install: modules
	install -d $(DESTDIR)$(MODULES_DIR) $(DESTDIR)$(CONF_DIR)
	install -m 644 $(addprefix $(BUILD)/,$(MODULES)) \
	    $(DESTDIR)$(MODULES_DIR)
	echo 'load_module modules/ngx_http_itinerary_module.so;' \
	    > $(DESTDIR)$(CONF_DIR)/mod-http-itinerary.conf
	echo 'load_module modules/ngx_http_itinerary_sandbox_module.so;' \
	    > $(DESTDIR)$(CONF_DIR)/mod-http-itinerary-sandbox.conf
