# gluec. `make demo` and `make check` do everything, installation included; README.md says more.
#
#   make            build/gluec
#   make demo       renders two views of a scene and matches them: build/demo.png
#   make match A=left.png B=right.png [OUT=matches.png]
#   make check      all tests, style, generated code; also under the sanitizers
#   make generate   rewrites generated/ from models/
#   make bench      speed and memory against ONNX Runtime and oneDNN: bench/RESULTS.md (QUICK=1: a part of it)

BUILD ?= build
RT := $(BUILD)/rt
.DEFAULT_GOAL := all
include runtime/kernels.mk

CFLAGS ?= -O2 -g
# What `gluec gate` and the matching program share: reading pictures, and what is known of where their points go.
PICTURE_HEADERS := $(patsubst %,models/example/%.h,image problem truth)
PICTURE_OBJECTS := $(patsubst %,$(BUILD)/models/example/%.o,image image_png problem truth)
WARN := -Wall -Wextra -Wpedantic
COMMON := -std=c11 -D_GNU_SOURCE $(CFLAGS) $(WARN) -Iruntime $(SANITIZE)
COMPILER_CFLAGS := $(COMMON) -Icompiler -Imodels/example -I$(BUILD)/gen '-DGLUEC_ROOT="$(CURDIR)"' '-DALL_ISAS="$(ALL_RANKED)"' \
	'-DRT_ISAS(I,x)=$(foreach i,$(ISAS),I($i,x))'
COMPILER_HEADERS := $(wildcard compiler/*.h compiler/*/*.h compiler/*.def) $(PICTURE_HEADERS)
LIBS := -lpng -lprotobuf-c -lmd -ldl -lm -lpthread

.PHONY: all setup demo match check build-tests test style generate regenerated bench clean
all: $(BUILD)/gluec
setup:
	@scripts/setup.sh

# ---- the compiler

PASSES := $(patsubst compiler/%.c,$(BUILD)/compiler/%.o, \
	$(filter-out compiler/main.c,$(wildcard compiler/*.c compiler/*/*.c)))

$(BUILD)/gen/onnx.pb-c.c: scripts/proto.sh
	@mkdir -p $(@D)
	scripts/proto.sh $(@D)
$(BUILD)/gen/onnx.pb-c.o: $(BUILD)/gen/onnx.pb-c.c
	$(CC) -std=c11 $(CFLAGS) $(SANITIZE) -I$(@D) -c -o $@ $<
# The text of abi.h as strings, for the headers that gluec writes.
$(BUILD)/gen/abi_text.h: runtime/abi.h
	@mkdir -p $(@D)
	(echo 'static const char *const abi_text[] = {'; sed 's/[\\"]/\\&/g; s/\t/\\t/g; s/^/"/; s/$$/",/' $<; echo '};') >$@
$(BUILD)/compiler/%.o: compiler/%.c $(COMPILER_HEADERS) $(RT_HEADERS) $(BUILD)/gen/abi_text.h $(BUILD)/gen/onnx.pb-c.c
	@mkdir -p $(@D)
	$(CC) $(COMPILER_CFLAGS) -c -o $@ $<
$(PICTURE_OBJECTS): $(BUILD)/models/example/%.o: models/example/%.c $(PICTURE_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(COMMON) -c -o $@ $<
$(BUILD)/pool.o: runtime/pool.c runtime/pool.h
	@mkdir -p $(@D)
	$(CC) $(COMMON) -c -o $@ $<
$(BUILD)/libgluec.a: $(PASSES) $(BUILD)/gen/onnx.pb-c.o $(BUILD)/pool.o $(PICTURE_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^
$(BUILD)/gluec: $(BUILD)/compiler/main.o $(BUILD)/libgluec.a $(RT)/librt.a
	$(CC) $(SANITIZE) -o $@ $^ $(LIBS)

# ---- the default models as C and as objects

MODELS := superpoint lightglue
OPTIONS_superpoint := --dim height=480 --dim width=640 --topk 512
OPTIONS_lightglue := --dim num_keypoints=512
GENERATED := $(BUILD)/generated
OBJECTS := $(foreach m,$(MODELS),$(GENERATED)/$m/$m.o)

define MODEL_RULES
$(GENERATED)/$1/$1.c: models/$1.onnx $(BUILD)/gluec
	$(BUILD)/gluec compile $$< -o $$(@D) $$(OPTIONS_$1)
$(GENERATED)/$1/$1.o: $(GENERATED)/$1/$1.c $(RT)/librt.a
	$$(MAKE) -f runtime/object.mk NAME=$1 DIR=$$(@D) RT=$(RT) ISAS="$(ISAS)"
endef
$(foreach m,$(MODELS),$(eval $(call MODEL_RULES,$m)))

# Only text is committed: what a reviewer reads.
generate: $(OBJECTS)
	for m in $(MODELS); do mkdir -p generated/$$m && \
		cp $(GENERATED)/$$m/$$m.c $(GENERATED)/$$m/$$m.h $(GENERATED)/$$m/$$m.S $(GENERATED)/$$m/$$m.weights.txt generated/$$m/; done
	$(BUILD)/gluec operators >compiler/OPERATORS.md
regenerated: $(OBJECTS)
	for m in $(MODELS); do for f in generated/$$m/*; do cmp $$f $(GENERATED)/$$m/$${f##*/} || exit 1; done; done
	$(BUILD)/gluec operators | cmp - compiler/OPERATORS.md

# ---- the matching program, the scene and the demo

EXAMPLE := $(patsubst %.c,$(BUILD)/%.o,$(wildcard models/example/*.c))
SCENE := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/scene/test_%,$(wildcard tests/scene/*.c)))

$(BUILD)/models/example/%.o: models/example/%.c $(wildcard models/example/*.h) $(OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(COMMON) $(foreach m,$(MODELS),-I$(GENERATED)/$m) -c -o $@ $<
$(BUILD)/match: $(EXAMPLE) $(OBJECTS) $(BUILD)/pool.o
	$(CC) $(SANITIZE) -o $@ $^ -lpng -lm -lpthread
$(BUILD)/tests/scene/%.o: tests/scene/%.c $(wildcard tests/scene/*.h)
	@mkdir -p $(@D)
	$(CC) $(COMMON) -c -o $@ $<
$(BUILD)/scene: $(SCENE)
	$(CC) $(SANITIZE) -o $@ $^ -lpng -lm

OUT ?= matches.png
match: $(BUILD)/match
	$(BUILD)/match $(A) $(B) --out $(OUT)
JOBS := -j$(shell nproc)
demo: setup
	$(MAKE) $(JOBS) $(BUILD)/match $(BUILD)/scene
	$(BUILD)/scene --out $(BUILD)/demo
	$(BUILD)/match $(BUILD)/demo_a.png $(BUILD)/demo_b.png --truth $(BUILD)/demo_truth.flo --out $(BUILD)/demo.png --threads 2
	@echo "The picture: $(BUILD)/demo.png"

# ---- tests: one program per file

# The default models in the forms that tests/model asks for, all in one library.
TEST_MODELS := sp96 lg96 sp96x lg96x sp96b lg96b sp512 lg512 sp512h lg512h sp512x lg512x lg512nine sp1024 lg1024 sp1m sp1mh
FORM_sp96 := superpoint.onnx --dim height=96 --dim width=128 --topk 96
FORM_lg96 := lightglue.onnx --dim num_keypoints=96
FORM_sp96x := $(FORM_sp96) --precision bf16x3
FORM_lg96x := $(FORM_lg96) --precision bf16x3
FORM_sp96b := $(FORM_sp96) --precision bf16
FORM_lg96b := $(FORM_lg96) --precision bf16
FORM_sp512 := superpoint.onnx --dim height=480 --dim width=640 --topk 512
FORM_lg512 := lightglue.onnx --dim num_keypoints=512
FORM_sp512h := $(FORM_sp512) --precision fp16
FORM_lg512h := $(FORM_lg512) --precision fp16
FORM_sp512x := $(FORM_sp512) --precision bf16x3
FORM_lg512x := $(FORM_lg512) --precision bf16x3
FORM_lg512nine := $(FORM_lg512) --depth 9
FORM_sp1024 := superpoint.onnx --dim height=480 --dim width=640
FORM_lg1024 := lightglue.onnx --dim num_keypoints=1024
FORM_sp1m := superpoint.onnx --dim height=1024 --dim width=1024 --topk 1024
FORM_sp1mh := $(FORM_sp1m) --precision fp16
# These have a level of their own, tests/level: amx in portable C.
EMULATED := RT=$(BUILD)/emulated ISAS="c emulated" LEVELS=tests/level
RUNTIME_sp96x := $(EMULATED)
RUNTIME_lg96x := $(EMULATED)
RUNTIME_sp96b := $(EMULATED)
RUNTIME_lg96b := $(EMULATED)
$(BUILD)/emulated/librt.a: $(RT_HEADERS) $(wildcard runtime/*.c runtime/*/*.c tests/level/*.h tests/level/*/*.c)
	$(MAKE) -f runtime/kernels.mk $(EMULATED) $@
TEST_OBJECTS := $(foreach m,$(TEST_MODELS),$(BUILD)/tests/objects/$m/$m.o)
define TEST_MODEL_RULES
$(BUILD)/tests/objects/$1/$1.o: models/$(firstword $(FORM_$1)) $(BUILD)/gluec $(RT)/librt.a $(if $(RUNTIME_$1),$(BUILD)/emulated/librt.a)
	$(BUILD)/gluec compile models/$(FORM_$1) --name $1 -o $$(@D)
	$$(MAKE) -f runtime/object.mk NAME=$1 DIR=$$(@D) $(or $(RUNTIME_$1),RT=$(RT) ISAS="$(ISAS)")
endef
$(foreach m,$(TEST_MODELS),$(eval $(call TEST_MODEL_RULES,$m)))
$(BUILD)/libmodels.a: $(TEST_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

TESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/*/test_*.c))
HELPERS := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/scene/main.c,$(filter-out $(wildcard tests/*/test_*.c), \
	$(wildcard tests/*/*.c))))
TEST_CFLAGS := $(COMPILER_CFLAGS) -Itests $(patsubst %/,-iquote %,$(wildcard tests/*/))

$(BUILD)/tests/%.o: tests/%.c $(wildcard tests/*.h tests/*/*.h) $(COMPILER_HEADERS) $(RT_HEADERS) $(BUILD)/gen/abi_text.h
	@mkdir -p $(@D)
	$(CC) $(TEST_CFLAGS) $(foreach m,$(MODELS),-I$(GENERATED)/$m) \
		$(foreach m,$(TEST_MODELS),-I$(BUILD)/tests/objects/$m) -c -o $@ $<
$(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/model/*.c)): $(BUILD)/libmodels.a $(OBJECTS)
# Some hold the kernel that they test, built for tests/level.
$(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/kernel/*.c)): $(wildcard runtime/kernel/*.c)
$(BUILD)/libtest.a: $(HELPERS) $(filter-out %/match.o,$(EXAMPLE))
	rm -f $@
	$(AR) rcs $@ $^
$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/tests/run.o $(BUILD)/libtest.a $(BUILD)/libgluec.a $(RT)/librt.a
	$(CC) $(SANITIZE) -o $@ $^ $(TEST_LIBRARIES) -lcheck -lsubunit -lrt -lpng $(LIBS)

$(BUILD)/tests/model/%: TEST_LIBRARIES := $(BUILD)/libmodels.a
$(patsubst %.c,$(BUILD)/%,$(wildcard tests/model/test_*.c)): $(BUILD)/libmodels.a

# For another kind of machine: the runtime, and the tests of the kernels as programs that need nothing, made with the
# first compiler that can make such programs, when qemu-user can run them. tests/target/test_aarch64.c does that; target/cc
# tells it the compiler. Not under the sanitizers, which emulation has no room for.
TARGET := $(BUILD)/target
TARGET_CCS := "aarch64-linux-gnu-gcc" "clang --target=aarch64-linux-gnu"
TARGET_CC := $(if $(SANITIZE),,$(shell command -v qemu-aarch64 >/dev/null && for cc in $(TARGET_CCS); do \
	echo 'int main(void) { return 0; }' | $$cc -static -x c - -o /dev/null 2>/dev/null && echo $$cc && break; done))
TARGET_ISAS := c neon neondot neonbf16
TARGET_CFLAGS := -std=c11 -D_GNU_SOURCE -O2 $(WARN) -static -Itests/target/on_target -Itests -Itests/kernel -Itests/level -Iruntime \
	'-DRT_ISAS(I,x)=$(foreach i,$(TARGET_ISAS),I($i,x))'
TARGET_SOURCES := tests/run.c $(wildcard tests/target/on_target/check.[ch] tests/*.h tests/kernel/*.h tests/level/*.h)
TARGET_TESTS := $(if $(TARGET_CC),$(patsubst tests/%.c,$(TARGET)/%,$(wildcard tests/kernel/test_*.c)))

$(TARGET)/rt/librt.a: $(RT_HEADERS) $(wildcard runtime/*.c runtime/*/*.c)
	$(MAKE) -f runtime/kernels.mk CC='$(TARGET_CC)' RT=$(TARGET)/rt ISAS="$(TARGET_ISAS)" $@
	printf '%s' '$(TARGET_CC)' >$(TARGET)/cc
$(TARGET)/kernel/%: tests/kernel/%.c $(TARGET_SOURCES) $(TARGET)/rt/librt.a
	@mkdir -p $(@D)
	$(TARGET_CC) $(TARGET_CFLAGS) -o $@ $(filter %.c %.a,$^) -lm
$(BUILD)/tests/target/test_aarch64: | $(TARGET_TESTS)

build-tests: $(TESTS)
test: $(TESTS) $(BUILD)/gluec $(BUILD)/match $(BUILD)/scene
	BUILD=$(BUILD) GLUEC=$(BUILD)/gluec CC='$(CC)' SANITIZE='$(SANITIZE)' scripts/run_tests.sh $(TESTS)
SANITIZED := BUILD=$(BUILD)/sanitized CFLAGS='-O1 -g' \
	SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined'
check:
	@scripts/setup.sh check
	$(MAKE) $(JOBS) all $(BUILD)/match $(BUILD)/scene
	$(MAKE) $(JOBS) build-tests
	$(MAKE) test style regenerated
	$(MAKE) $(JOBS) $(SANITIZED) build-tests
	$(MAKE) $(SANITIZED) test
style:
	scripts/style.sh

# ---- the benchmark: bench/run.sh lists what is timed, these are the programs that time it

BENCH := $(BUILD)/bench
BENCH_PROGRAMS := contest input kernel layer_onnx model_gluec model_ort resident roof variant
BENCH_PARTS_contest := contest bench
BENCH_PARTS_input := input bench
BENCH_PARTS_kernel := kernel peak
BENCH_PARTS_layer_dnnl := layer_dnnl layer bench
BENCH_PARTS_layer_onnx := layer_onnx layer bench
BENCH_PARTS_model_gluec := model engine engine_gluec bench
BENCH_PARTS_model_ort := model engine engine_ort bench
BENCH_PARTS_resident := resident bench
BENCH_PARTS_roof := roof peak bench
BENCH_PARTS_variant := variant bench
BENCH_OTHERS_input := $(BUILD)/gen/onnx.pb-c.o $(addprefix $(BUILD)/models/example/,image.o image_png.o problem.o)
BENCH_OTHERS_kernel := $(RT)/librt.a
BENCH_OTHERS_layer_onnx := $(BUILD)/gen/onnx.pb-c.o
BENCH_OTHERS_model_gluec := $(BUILD)/pool.o
BENCH_OTHERS_roof := $(BUILD)/pool.o
BENCH_OTHERS_variant := $(BUILD)/gen/onnx.pb-c.o

$(BENCH)/%.o: bench/%.c $(wildcard bench/*.h) $(RT_HEADERS) $(BUILD)/gen/onnx.pb-c.c
	@mkdir -p $(@D)
	$(CC) $(COMMON) -Imodels/example -I$(BUILD)/gen '-DRT_ISAS(I,x)=$(foreach i,$(ISAS),I($i,x))' -c -o $@ $<
define BENCH_RULES
$(BENCH)/$1: $(BENCH_PARTS_$1:%=$(BENCH)/%.o) $(BENCH_OTHERS_$1)
	$$(CC) $$(SANITIZE) -o $$@ $$^ $$(BENCH_LIBRARIES_$1) -lprotobuf-c -lpng -ldl -lm -lpthread
endef
$(foreach p,$(BENCH_PROGRAMS) layer_dnnl,$(eval $(call BENCH_RULES,$p)))
BENCH_LIBRARIES_layer_dnnl := -ldnnl

$(BUILD)/tests/bench/test_bench: | $(BENCH_PROGRAMS:%=$(BENCH)/%)

# QUICK=1 takes two minutes and leaves out the larger sizes.
bench:
	@scripts/setup.sh bench $(BENCH)
	$(MAKE) $(JOBS) all $(BUILD)/match $(BUILD)/scene $(BENCH_PROGRAMS:%=$(BENCH)/%)
	-@$(MAKE) -s $(BENCH)/layer_dnnl 2>/dev/null || echo "Without oneDNN 2 (libdnnl-dev)"
	BUILD=$(BUILD) QUICK=$(QUICK) ISAS='$(ISAS)' CC='$(CC)' bench/run.sh

clean:
	rm -rf $(BUILD)
