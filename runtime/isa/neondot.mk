# How to build the kernels for Arm's dot products of bytes, and where that makes sense.
FLAGS_neondot = $(FLAGS_neon) -march=armv8.2-a+dotprod
MACHINES_neondot = aarch64
RANK_neondot = 2
