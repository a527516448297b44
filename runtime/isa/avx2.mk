# How to build the kernels for AVX2, and where that makes sense.
FLAGS_avx2 = -mavx2 -mfma -mf16c
MACHINES_avx2 = x86_64 i686 i386
RANK_avx2 = 1
