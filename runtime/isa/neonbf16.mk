# How to build the kernels for Arm's dot products of bytes and of bfloat16, and where that makes sense.
FLAGS_neonbf16 = $(FLAGS_neondot)+bf16
MACHINES_neonbf16 = aarch64
RANK_neonbf16 = 3
