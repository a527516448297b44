# Makes one standalone object of what `gluec compile` wrote:
#
#     make -f runtime/object.mk NAME=superpoint DIR=out [RT=build/rt] [CC=cc] [ARCH=-m32] [ISAS="c avx2"]
#
# CC may be a compiler for another machine: CC=aarch64-linux-gnu-gcc.
#
# $(DIR)/$(NAME).o holds the generated code, the kernels that it uses and the weights. Everything but NAME_run, NAME_init
# and NAME_model is local to it, so that objects of several models never clash; it needs nothing but libc and libm.

# What was compiled with --target gets a library of its own, of these instruction sets alone.
TARGET := $(strip $(shell sed -n 's/^.define [A-Z0-9_]*_TARGET "\([a-z0-9 ]*\)"$$/\1/p' $(DIR)/$(NAME).h))
ifneq ($(TARGET),)
EMPTY :=
OF_TARGET := -$(subst $(EMPTY) ,-,$(TARGET))
ifdef RT
override RT := $(RT)$(OF_TARGET)
endif
override ISAS := $(TARGET)
endif

.DEFAULT_GOAL := $(DIR)/$(NAME).o
include $(dir $(lastword $(MAKEFILE_LIST)))kernels.mk
OBJCOPY ?= $(shell $(CC) -print-prog-name=objcopy)

ifneq ($(wildcard $(DIR)/$(NAME).weights.c),)
WEIGHTS := $(NAME).weights.c
else
WEIGHTS := $(NAME).S
endif

$(DIR)/$(NAME).o: $(DIR)/$(NAME).c $(DIR)/$(NAME).h $(DIR)/$(NAME).bin $(DIR)/$(WEIGHTS) $(RT)/librt.a
	$(CC) $(RT_CFLAGS) $(SANITIZE) -iquote$(DIR) -c -o $(DIR)/$(NAME).code.tmp $(DIR)/$(NAME).c
	$(CC) $(ARCH) -fPIC -iquote$(DIR) -Wa,-I$(DIR) -c -o $(DIR)/$(NAME).weights.tmp $(DIR)/$(WEIGHTS)
	$(CC) $(ARCH) -r -nostdlib -o $(DIR)/$(NAME).all.tmp $(DIR)/$(NAME).code.tmp $(DIR)/$(NAME).weights.tmp $(RT)/librt.a
	$(OBJCOPY) --localize-hidden $(DIR)/$(NAME).all.tmp $@
	rm -f $(DIR)/$(NAME).code.tmp $(DIR)/$(NAME).weights.tmp $(DIR)/$(NAME).all.tmp
