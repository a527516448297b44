/* The few of Check's macros and functions that tests of kernels use, for machines that Check is not installed for: a
 * test that fails ends the program with a message. */
#ifndef ON_TARGET_CHECK_H
#define ON_TARGET_CHECK_H

#include <stdio.h>

typedef struct Suite Suite;
typedef struct TCase TCase;
typedef struct SRunner SRunner;
typedef void check_test(int _i);

enum print_output { CK_ENV };

/* Prints "FILE:LINE: " and the message, and ends the program with code 1. */
_Noreturn void check_failed(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define START_TEST(name) static void name(int _i __attribute__((unused)))
#define END_TEST
#define ck_abort_msg(...)           check_failed(__FILE__, __LINE__, __VA_ARGS__)
#define ck_assert_msg(holds, ...)   ((holds) ? (void)0 : ck_abort_msg(__VA_ARGS__))
#define ck_assert(holds)            ck_assert_msg(holds, "%s", #holds)
#define ck_assert_ptr_nonnull(p)    ck_assert((p) != NULL)
#define ck_assert_uint_eq(a, b)     ck_assert((a) == (b))
#define tcase_add_test(tcase, test) tcase_add_loop_test(tcase, test, 0, 1)

/* The program has one suite, of one case; what they point to is the program's. */
Suite *suite_create(const char *name);
TCase *tcase_create(const char *name);
void suite_add_tcase(Suite *s, TCase *t);
/* test runs once for every _i of begin..end-1. */
void tcase_add_loop_test(TCase *t, check_test *test, int begin, int end);

SRunner *srunner_create(Suite *s);
void srunner_run_all(SRunner *r, enum print_output how);
int srunner_ntests_failed(SRunner *r);
void srunner_free(SRunner *r);

#endif
