/* The graphs that users have: exports of four generations of tools, in the folder that GLUEC_SHARED names, against
 * ONNX Runtime's results on the same weights. Each is compiled, built and run by `gluec verify`. */
#include "exports.h"
#include "suite.h"
#include <stdlib.h>

/* Keypoints of nearly equal score may change places, and a match or two with them: half a percent of the elements. */
static const struct form {
	const char *name, *data, *options;
} forms[] = {
	{ "v1_dynamic_extractor", NULL, "--capacity /NonZero=4096" },
	{ "v1_dynamic_extractor.int8_qdq", NULL, "--capacity /NonZero=8192" },
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

static const char *folder;

START_TEST(form)
{
	const struct form *f = &forms[_i];
	const char *gluec = getenv("GLUEC");

	if (!folder)
		return;
	int status = exports_shell("'%s' verify '%s/onnx/%s.onnx' --data '%s/golden/%s' --allow-differ 0.5 %s",
		gluec ? gluec : "build/gluec", folder, f->name, folder, f->data ? f->data : f->name, f->options);
	ck_assert_msg(status == 0, "%s", f->name);
}
END_TEST

Suite *suite(void)
{
	Suite *s = suite_create("wild");
	TCase *t = tcase_create("wild");

	folder = exports_unpack("");
	tcase_set_timeout(t, 600);
	tcase_add_loop_test(t, form, 0, sizeof forms / sizeof *forms);
	suite_add_tcase(s, t);
	return s;
}
