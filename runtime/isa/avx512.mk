# How to build the kernels for AVX-512, and where that makes sense: with eight registers, as in 32-bit code, it does not.
FLAGS_avx512 = -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mf16c
MACHINES_avx512 = x86_64
RANK_avx512 = 2
