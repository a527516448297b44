/* The graphs that users have: exports of four generations of tools, in the folder that GLUEC_SHARED names, against
 * ONNX Runtime's results on the same weights. Each is compiled, built and run by `gluec verify`. */
#include "models.h"
#include "suite.h"
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Keypoints of nearly equal score may change places, and a match or two with them: half a percent of the elements. */
static const struct form {
	const char *name, *data, *options;
} forms[] = {
	{ "v1_dynamic_extractor", NULL, "--capacity /NonZero=4096" },
	{ "v1_static_k512_extractor_366x512", NULL, "--capacity /NonZero=8192" },
	{ "v1_dynamic_matcher", NULL, "" },
	{ "v1_static_k512_matcher", "v1_dynamic_matcher", "" },
	{ "v1_fused_matcher", "v1_dynamic_matcher", "" },
	{ "v1_fused_fp16_matcher", "v1_dynamic_matcher", "--atol 0.02 --rtol 0.05" },
	{ "v1_end2end_k512", NULL, "--topk 4096" },
	{ "v2_pipeline_480x640_k1024", NULL, "" },
	{ "v2_pipeline_fusedmha_480x640_k1024", NULL, "" },
	{ "v3_pipeline_480x640_k512", NULL, "" },
	{ "v3_pipeline_dynamic_k512", NULL, "" },
	{ "v3_adaptive_480x640_k512", NULL, "" },
	{ "v3_disk_512x512_k512", NULL, "" },
	{ "v3_raco_aliked_512x512_k512", NULL, "" },
};

static char folder[] = "/tmp/gluec-wild-XXXXXX";
static bool ready;

static int shell(const char *format, const char *a, const char *b, const char *c)
{
	char command[2000];

	snprintf(command, sizeof command, format, a, b, c);
	return system(command);
}

/* Puts the exports together with their weights; the script that does it needs Debian's python3-onnx. */
static void rebuild(void)
{
	const char *shared = getenv("GLUEC_SHARED");

	if (!shared || !*shared || SANITIZED)
		puts(SANITIZED ? "skip: too slow under the sanitizers"
					   : "skip: GLUEC_SHARED is not set, so there are no exports");
	else if (system("/usr/bin/python3 -c 'import onnx, numpy' 2>/dev/null"))
		puts("skip: rebuilding the exports needs python3-onnx");
	else
		ready =
			mkdtemp(folder) &&
			!shell("tar xf '%s/wild/skeletons.tar.xz' -C '%s' && mkdir '%s/golden'", shared, folder, folder) &&
			!shell("tar xf '%s/golden/golden.tar.xz' -C '%s/golden'%s", shared, folder, "") &&
			!shell("cd '%s' && python3=/usr/bin/python3 shared='%s' && $python3 \"$shared/wild/rebuild.py\" skeletons "
				   "\"$shared/wild\" onnx >log%s",
				folder, shared, "");
}

START_TEST(form)
{
	const struct form *f = &forms[_i];
	const char *gluec = getenv("GLUEC");
	char command[2000];

	if (!ready)
		return;
	snprintf(command, sizeof command, "'%s' verify '%s/onnx/%s.onnx' --data '%s/golden/%s' --allow-differ 0.5 %s",
		gluec ? gluec : "build/gluec", folder, f->name, folder, f->data ? f->data : f->name, f->options);
	fflush(stdout);
	ck_assert_msg(system(command) == 0, "%s", f->name);
}
END_TEST

/* Check runs each test in a process of its own, whose end must not remove what the next one needs. */
static pid_t owner;

static void remove_all(void)
{
	if (getpid() == owner && access(folder, F_OK) == 0)
		shell("rm -rf '%s'%s%s", folder, "", "");
}

Suite *suite(void)
{
	Suite *s = suite_create("wild");
	TCase *t = tcase_create("wild");

	owner = getpid();
	rebuild();
	atexit(remove_all);
	tcase_set_timeout(t, 600);
	tcase_add_loop_test(t, form, 0, sizeof forms / sizeof *forms);
	suite_add_tcase(s, t);
	return s;
}
