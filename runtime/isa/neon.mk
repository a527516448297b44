# Where the kernels for NEON make sense. Compilers for 64-bit Arm need no flag for it; but GCC, when it orders instructions
# before it assigns registers, loads so much in advance that sums lose theirs.
FLAGS_neon = -fno-schedule-insns -Wno-ignored-optimization-argument
MACHINES_neon = aarch64
RANK_neon = 1
