# gluec. `make demo` and `make check` do everything, installation included; see README.md.

BUILD ?= build
RT := $(BUILD)/rt
.DEFAULT_GOAL := all
include runtime/kernels.mk

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wpedantic
COMPILER_CFLAGS := -std=c11 -D_GNU_SOURCE $(CFLAGS) $(WARN) -Iruntime -Icompiler -I$(BUILD)/gen \
	'-DGLUEC_ROOT="$(CURDIR)"' '-DRT_ISAS(I,x)=$(foreach i,$(ISAS),I($i,x))' $(SANITIZE)
PASSES := $(patsubst compiler/%.c,$(BUILD)/compiler/%.o,$(filter-out compiler/main.c,$(wildcard compiler/*.c compiler/*/*.c)))
COMPILER_HEADERS := $(wildcard compiler/*.h compiler/*/*.h compiler/*.def)
LIBS := -lprotobuf-c -lmd -ldl -lm -lpthread

.PHONY: all demo check match generate setup clean
all: $(BUILD)/gluec

# ---- the compiler

$(BUILD)/gen/onnx.pb-c.c: scripts/proto.sh
	@mkdir -p $(@D)
	scripts/proto.sh $(@D)
$(BUILD)/gen/onnx.pb-c.o: $(BUILD)/gen/onnx.pb-c.c
	$(CC) -std=c11 $(CFLAGS) $(SANITIZE) -I$(@D) -c -o $@ $<
$(BUILD)/gen/abi_text.h: runtime/abi.h
	@mkdir -p $(@D)
	(echo 'static const char *const abi_text[] = {'; sed 's/[\\"]/\\&/g; s/\t/\\t/g; s/^/"/; s/$$/",/' $<; echo '};') >$@

$(BUILD)/compiler/%.o: compiler/%.c $(COMPILER_HEADERS) $(RT_HEADERS) $(BUILD)/gen/abi_text.h $(BUILD)/gen/onnx.pb-c.c
	@mkdir -p $(@D)
	$(CC) $(COMPILER_CFLAGS) -c -o $@ $<
$(BUILD)/pool.o: runtime/pool.c runtime/pool.h
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_GNU_SOURCE $(CFLAGS) $(WARN) $(SANITIZE) -Iruntime -c -o $@ $<
$(BUILD)/libgluec.a: $(PASSES) $(BUILD)/gen/onnx.pb-c.o $(BUILD)/pool.o
	rm -f $@
	$(AR) rcs $@ $^
$(BUILD)/gluec: $(BUILD)/compiler/main.o $(BUILD)/libgluec.a $(RT)/librt.a
	$(CC) $(SANITIZE) -o $@ $^ $(LIBS)

clean:
	rm -rf build
