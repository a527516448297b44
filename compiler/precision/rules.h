/* Precision by the names of nodes: --precision-of PATTERN=TYPE and --rules FILE. */
#ifndef RULES_H
#define RULES_H

#include "gluec.h"

/* A pattern of fnmatch, without flags, for the names of ONNX nodes. */
struct rule {
	const char *pattern;
	enum precision precision;
	/* In the graph at hand: a node that it is for (NULL: it matches none), the first that can be so, and whether one
	 * has become so. */
	struct node *matched, *served;
	bool granted;
	unsigned used; /* by which of the models that a command takes, a bit for each; see gate/own_settings.c */
};

/* "fp32" and so on; the type that a text names, failing with USAGE and the option's name. */
const char *precision_name(enum precision precision);
enum precision read_precision(struct ctx *c, const char *option, const char *text);

/* Appends "PATTERN=TYPE" to c->set.rules; the file's lines likewise, without those that are empty or begin with #. */
void read_rule(struct ctx *c, const char *option, const char *text);
void read_rules_file(struct ctx *c, const char *path);

/* Does the pattern match the name of n or of an ONNX node that n stands for (their first 1023 bytes)? */
bool rule_matches(const struct rule *rule, const struct node *n);
/* The last rule for n, or NULL. May be asked at any time from infer on. */
struct rule *find_rule(struct ctx *c, const struct node *n);
/* Does a rule say that n, a product of quantised numbers in the file, is computed from the dequantised floats? */
bool is_ruled_float(struct ctx *c, const struct node *n);
/* Fails: the pattern matches no node of g. Shows the names that are most like it. */
_Noreturn void fail_unmatched(struct ctx *c, const struct graph *g, const struct rule *rule);

#endif
