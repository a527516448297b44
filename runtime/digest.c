/* The digest that guards weights against damage in flash or transit. It is no cryptographic hash. */
#include "rt.h"
#include <string.h>

/* Eight bytes at a time through a multiply and a shift, after the finaliser of splitmix64 (Steele et al. 2014). */
static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0xbf58476d1ce4e5b9);
	return h ^ h >> 31;
}

uint64_t rt_digest(const void *data, size_t n)
{
	const unsigned char *p = data;
	uint64_t h = n, word;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&word, p, 8);
		h = mix(h, word);
	}
	word = 0;
	memcpy(&word, p, n);
	return mix(h, word);
}
