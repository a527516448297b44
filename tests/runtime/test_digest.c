/* digest.c: every byte counts, where it stands counts, and so does the length. */
#include "rt.h"
#include "suite.h"
#include <string.h>

START_TEST(every_bit_counts)
{
	enum { MOST = 41 };
	unsigned char data[MOST];

	for (size_t i = 0; i < MOST; i++)
		data[i] = (unsigned char)(i * 37);
	for (size_t n = 0; n <= MOST; n++) {
		uint64_t digest = rt_digest(data, n);
		ck_assert(digest == rt_digest(data, n));
		for (size_t bit = 0; bit < 8 * n; bit++) {
			data[bit / 8] ^= (unsigned char)(1 << bit % 8);
			ck_assert(digest != rt_digest(data, n));
			data[bit / 8] ^= (unsigned char)(1 << bit % 8);
		}
	}
}
END_TEST

START_TEST(length_and_order_count)
{
	static const unsigned char zeros[32], one[32] = { [5] = 1 }, other[32] = { [13] = 1 };

	for (size_t n = 0; n < sizeof zeros; n++)
		ck_assert(rt_digest(zeros, n) != rt_digest(zeros, n + 1));
	ck_assert(rt_digest(one, sizeof one) != rt_digest(other, sizeof other));
}
END_TEST

/* The compiler writes digests into code that other machines check: the value is fixed, and alignment does not matter.
 */
START_TEST(same_everywhere)
{
	static const char text[] = "0123456789abcdefghi";
	char data[32];

	ck_assert(rt_digest(text, 16) == UINT64_C(0xaa8a07ede2a0b226));
	for (size_t shift = 0; shift < 8; shift++) {
		memcpy(data + shift, text, 19);
		ck_assert(rt_digest(data + shift, 19) == UINT64_C(0x31dd5e93ce08ef53));
	}
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("digest");
	TCase *t = tcase_create("digest");

	tcase_add_test(t, every_bit_counts);
	tcase_add_test(t, length_and_order_count);
	tcase_add_test(t, same_everywhere);
	suite_add_tcase(s, t);
	return s;
}
