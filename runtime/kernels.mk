# Builds the runtime into $(RT)/librt.a: every kernel once per instruction set. New files in kernel/ and new
# instruction sets (vec_NAME.h with isa/NAME.c and isa/NAME.mk) need no edit here.
#
# LEVELS may name a folder with more of them, laid out as this one: for tests.
#
# ISAS chooses the instruction sets; by default all that make sense for the machine that $(CC) builds for. Firmware that
# is built for one processor says e.g. ISAS=c. $(RT) is build/rt, for another kind of machine build/rt-MACHINE.

RUNTIME := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
MACHINE := $(firstword $(subst -, ,$(shell $(CC) $(ARCH) -dumpmachine)))
# GCC names the machine of 64-bit code even so.
ifneq ($(filter -m32,$(CC) $(ARCH)),)
MACHINE := $(patsubst x86_64,i686,$(MACHINE))
endif
RT ?= build/rt$(addprefix -,$(filter-out $(shell uname -m),$(MACHINE)))$(OF_TARGET)
# The tools that go with the compiler: those of aarch64-linux-gnu-gcc are not this machine's own.
ifeq ($(origin AR),default)
AR := $(shell $(CC) -print-prog-name=ar)
endif
include $(wildcard $(RUNTIME)/isa/*.mk)
ALL_ISAS := $(patsubst $(RUNTIME)/vec_%.h,%,$(wildcard $(RUNTIME)/vec_*.h))
# Weakest first, as programs choose them: by RANK.
ALL_RANKED := c $(subst .,,$(suffix $(sort $(foreach i,$(filter-out c,$(ALL_ISAS)),$(RANK_$i).$i))))
ISAS ?= c $(subst .,,$(suffix $(sort $(foreach i,$(ALL_ISAS),$(if $(filter $(MACHINE),$(MACHINES_$i)),$(RANK_$i).$i)))))

UNFIT := $(foreach i,$(ISAS),$(if $(MACHINES_$i),$(if $(filter $(MACHINE),$(MACHINES_$i)),,$i)))
$(if $(strip $(UNFIT)),$(error $(CC) builds for $(MACHINE), which never has $(strip $(UNFIT))))

# Fused multiply-adds only where a kernel asks for them, so that every compiler gives the same bits; kernels do not look
# at errno.
RT_CFLAGS := -std=c11 -O3 -ffp-contract=off -fno-math-errno -fPIC -fvisibility=hidden -ffunction-sections \
	-fdata-sections -Wall -Wextra -Wpedantic -I$(RUNTIME) $(addprefix -I,$(LEVELS)) '-DRT_ISAS(I,x)=$(foreach i,$(ISAS),I($i,x))' $(ARCH)
RT_KERNELS := $(patsubst $(RUNTIME)/kernel/%.c,%,$(wildcard $(RUNTIME)/kernel/*.c))
RT_HEADERS := $(wildcard $(RUNTIME)/*.h $(RUNTIME)/kernel/*.h $(RUNTIME)/micro/*.h $(addsuffix /*.h,$(LEVELS)))
RT_OBJECTS := $(foreach i,$(ISAS),$(RT_KERNELS:%=$(RT)/$i/%.o) $(RT)/has_$i.o) $(RT)/select.o $(RT)/digest.o

$(RT)/librt.a: $(RT_OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

define RT_ISA_RULES
$(RT)/$1/%.o: $(RUNTIME)/kernel/%.c $(RT_HEADERS)
	@mkdir -p $$(@D)
	$$(CC) $$(RT_CFLAGS) $$(FLAGS_$1) $$(SANITIZE) -DRT_ISA=$1 -c -o $$@ $$<
$(RT)/has_$1.o: $(firstword $(wildcard $(RUNTIME)/isa/$1.c $(addsuffix /isa/$1.c,$(LEVELS)))) $(RT_HEADERS)
	@mkdir -p $$(@D)
	$$(CC) $$(RT_CFLAGS) $$(SANITIZE) -c -o $$@ $$<
endef
$(foreach i,$(ISAS),$(eval $(call RT_ISA_RULES,$i)))

$(RT)/%.o: $(RUNTIME)/%.c $(RT_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(RT_CFLAGS) $(SANITIZE) -c -o $@ $<
