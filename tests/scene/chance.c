/* Chance: the same numbers on every machine. */
#include "scene.h"

static uint64_t mix(uint64_t z)
{
	z += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint64_t chance_hash(uint64_t seed, int64_t a, int64_t b)
{
	return mix(mix(seed ^ ((uint64_t)a << 32)) + (uint64_t)b);
}

double chance_between(uint64_t seed, int64_t n, double low, double high)
{
	/* 32 bits are exact in a double, and so is the division by a power of two. */
	return low + (high - low) * ((double)(chance_hash(seed, n, 0) >> 32) / 4294967296.0);
}

double chance_normal(uint64_t seed, int64_t a, int64_t b)
{
	uint64_t h = chance_hash(seed, a, b);
	int64_t sum = (int64_t)(h & 65535) + (int64_t)(h >> 16 & 65535) + (int64_t)(h >> 32 & 65535) + (int64_t)(h >> 48);

	/* Four even numbers from 0 to 65535 have mean 131070 and standard deviation 65536 / sqrt(3). */
	return (double)(sum - 131070) / 37837.22;
}
