/* gluec: writes C from ONNX files. */
#include "cli/command.h"
#include "base/out.h"
#include "base/progress.h"
#include "base/temporary.h"
#include <stdlib.h>
#include <string.h>

static const struct command *const commands[] = { &command_compile, &command_inspect, &command_run, &command_verify,
	&command_bench, &command_explain, &command_gate, &command_bisect, &command_tune, &command_calibrate,
	&command_operators };

enum { N_COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *f)
{
	fputs("gluec writes C from ONNX files.\n\n", f);
	for (int i = 0; i < N_COMMANDS; i++)
		fprintf(f, "  gluec %-9s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n`gluec COMMAND --help` says more. Exit codes: 0 done, 1 verification failed, 2 usage, 3 unusable model,\n"
		  "4 input or output failed, 5 the C compiler failed, 70 a bug of gluec's.\n",
		f);
}

static const struct command *find_command(const char *name)
{
	for (int i = 0; i < N_COMMANDS; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static enum status run_command(const struct command *command, int argc, char **argv)
{
	struct ctx *c = calloc(1, sizeof *c);
	enum status status = IO_FAILED;

	if (!c || !(c->arena = arena_new())) {
		fputs("gluec: out of memory\n", stderr);
		free(c);
		return status;
	}
	c->started = seconds_now();
	c->doc = "";
	if (!setjmp(c->escape)) {
		status = command->run(c, argc, argv);
	} else {
		progress_end(c);
		output_discard(c);
		fprintf(stderr, "gluec: %s\n", c->message);
		status = c->status;
	}
	remove_temporary(c);
	arena_free(c->arena);
	free(c);
	return status;
}

int main(int argc, char **argv)
{
	const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
	enum status status = DONE;

	if (command) {
		status = run_command(command, argc - 1, argv + 1);
	} else if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))) {
		print_help(stdout);
	} else if (argc > 1) {
		fprintf(stderr, "gluec: unknown command '%.60s'; see gluec --help\n", argv[1]);
		status = USAGE;
	} else {
		print_help(stderr);
		status = USAGE;
	}
	if (fflush(stdout) || ferror(stdout)) {
		fputs("gluec: cannot write to standard output\n", stderr);
		status = status ? status : IO_FAILED;
	}
	return (int)status;
}
