/* Looking at values while the interpreter runs. Before a graph is lowered, any value that a node computes, or an input
 * of the graph, may be given a watch; what the graph computes stays the same. */
#ifndef WATCH_H
#define WATCH_H

#include "gluec.h"

struct watch {
	/* Called each time that the interpreter has computed v, with its elements as float, dense, in the order of its
	 * dimensions; likewise those of `beside`. They are gone when look returns. */
	void (*look)(const struct value *v, const float *x, const float *beside);
	struct value *beside; /* another value, computed before v in the same graph or around it; NULL: none */
	void *user;
};

#endif
