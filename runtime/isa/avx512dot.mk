# How to build the kernels for AVX-512 with VNNI and BF16, and where that makes sense.
FLAGS_avx512dot = $(FLAGS_avx512) -mavx512vnni -mavx512bf16
MACHINES_avx512dot = x86_64
RANK_avx512dot = 3
