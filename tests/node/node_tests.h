/* The ONNX project's tests of single operators: folders with a model and a data set each. */
#ifndef NODE_TESTS_H
#define NODE_TESTS_H

#include "gluec.h"

enum verdict {
	UNTRIED,
	PASSED,
	REFUSED, /* gluec ended with "unusable model" and a message */
	WRONG,   /* anything else; the message says what */
};

struct node_test {
	char name[160];   /* of the folder */
	char reason[200]; /* why it is refused, from refused.txt; "" when it must pass */
	enum verdict verdict;
	char message[1024];
};

/* node_list.c: unpacks the archive into the folder and lists the tests in it, in memory that child processes share.
 * Returns how many there are. */
int node_list(struct ctx *c, const char *archive, const char *folder, struct node_test **tests);

/* Reads refused.txt: a line "NAME: REASON" for each test. Returns how many lines name no test. */
int node_refused(const char *path, struct node_test *tests, int n);

/* node_batch.c: compiles these tests to C, builds all that can be compiled into one library, runs each in a child
 * process with every instruction set that the machine has, and sets the verdicts. `serial` keeps names apart. */
void node_batch(const char *folder, struct node_test *tests, int n, int serial);

#endif
