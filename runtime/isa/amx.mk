# How to build the kernels for AMX, and where that makes sense.
FLAGS_amx = $(FLAGS_avx512dot) -mamx-tile -mamx-bf16 -mamx-int8
MACHINES_amx = x86_64
RANK_amx = 4
