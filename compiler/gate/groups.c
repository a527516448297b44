/* Groups of parts, for measuring how much each of them harms. */
#include "groups.h"
#include <string.h>

int make_groups(int n, const struct gate_part *part, struct group group[GATE_GROUPS])
{
	double all = 0, before = 0;
	int groups = 0;

	for (int i = 0; i < n; i++)
		all += part[i].multiply_adds;
	for (int i = 0; i < n; i++) {
		/* One group is kept for the change of models. */
		bool same = groups && part[i].model == part[i - 1].model;
		double share = all > 0 ? before / all : (double)i / n;
		if (!groups || !same || (share * (GATE_GROUPS - 1) >= groups && groups < GATE_GROUPS - 1))
			group[groups++] = (struct group){ i, i, 0, 0 };
		group[groups - 1].end = i + 1;
		group[groups - 1].multiply_adds += part[i].multiply_adds;
		before += part[i].multiply_adds;
	}
	return groups;
}

/* Nodes without multiplications take time as well: what their results' memory does. */
static double worth(const struct group *g)
{
	return g->multiply_adds > 1 ? g->multiply_adds : 1;
}

static bool is_worse(const struct group *a, const struct group *b)
{
	return a->harm * worth(b) > b->harm * worth(a);
}

void sort_groups(int n, struct group *group)
{
	for (int i = 1; i < n; i++) {
		struct group g = group[i];
		int at = i;
		for (; at > 0 && is_worse(&g, &group[at - 1]); at--)
			group[at] = group[at - 1];
		group[at] = g;
	}
}
