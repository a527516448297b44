# How to build the kernels for AMX, and where that makes sense.
FLAGS_amx = $(FLAGS_avx512) -mavx512bf16 -mamx-tile -mamx-bf16
MACHINES_amx = x86_64
RANK_amx = 3
