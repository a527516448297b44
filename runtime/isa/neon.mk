# Where the kernels for NEON make sense; compilers for 64-bit Arm need no flag for it.
MACHINES_neon = aarch64
