#include "options.h"
#include "problem.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_THREADS = 1024 };

static const char HELP[] =
	"usage: match A.png B.png [option ...]\n"
	"\n"
	"Finds points of picture A in picture B with SuperPoint and LightGlue.\n"
	"\n"
	"  --out FILE         draw both pictures and the matches between them (PNG)\n"
	"  --json             print everything as JSON: keypoints, matches, times\n"
	"  --csv              print one line per match: x0,y0,x1,y1,score, in pixels of A and B\n"
	"  --homography FILE  nine numbers that map pixels of A to B: count the matches that agree\n"
	"  --truth FILE       the way of each pixel of A to B (Middlebury .flo): likewise\n"
	"  --threads N        work on N threads (default: one per processor)\n"
	"  --isa NAME         use this instruction set, \"c\" for portable C (default: that of the environment variable\n"
	"                     GLUEC_ISA, else the best there is)\n"
	"  --help             print this\n"
	"\n"
	"Pictures may have any size; they are stretched to that of the model. Pixel (0, 0) is the centre of\n"
	"the upper left pixel.\n"
	"\n"
	"Exit status: 0 done, 2 wrong usage, 3 a picture or model that cannot be used, 4 a file that cannot\n"
	"be read or written.\n";

static bool read_threads(const char *text, int *threads)
{
	char *end;
	long n = strtol(text, &end, 10);

	*threads = (int)n;
	return end != text && !*end && n >= 1 && n <= MOST_THREADS;
}

static int processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > MOST_THREADS ? MOST_THREADS : (int)n;
}

/* NULL when it is not set or empty. */
static const char *isa_of_environment(void)
{
	const char *isa = getenv("GLUEC_ISA");

	return isa && *isa ? isa : NULL;
}

/* Takes one option in; false when its value is wrong. */
static bool take(struct options *options, int option, const char *value)
{
	switch (option) {
	case 'o':
		options->out = value;
		return *value;
	case 'H':
		options->homography = value;
		return *value;
	case 't':
		options->truth = value;
		return *value;
	case 'i':
		options->isa = value;
		return *value;
	case 'n':
		return read_threads(value, &options->threads);
	case 'j':
		options->format = FORMAT_JSON;
		return true;
	default:
		options->format = FORMAT_CSV;
		return true;
	}
}

int options_read(struct options *options, int argc, char **argv)
{
	static const struct option LONG[] = {
		{ "out", required_argument, NULL, 'o' },
		{ "json", no_argument, NULL, 'j' },
		{ "csv", no_argument, NULL, 'c' },
		{ "homography", required_argument, NULL, 'H' },
		{ "truth", required_argument, NULL, 't' },
		{ "threads", required_argument, NULL, 'n' },
		{ "isa", required_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option, row = 0;

	*options = (struct options){ .threads = processors(), .isa = isa_of_environment() };
	while ((option = getopt_long(argc, argv, "", LONG, &row)) != -1) {
		if (option == 'h')
			return fputs(HELP, stdout) < 0 || fflush(stdout) != 0 ? OUTCOME_IO : OUTCOME_DONE;
		if (option == '?')
			return OUTCOME_USAGE;
		if (!take(options, option, optarg)) {
			fprintf(stderr, "match: --%s does not take '%s'; see match --help\n", LONG[row].name, optarg);
			return OUTCOME_USAGE;
		}
	}
	if (argc - optind != 2) {
		fputs("match: give two pictures; see match --help\n", stderr);
		return OUTCOME_USAGE;
	}
	options->picture[0] = argv[optind];
	options->picture[1] = argv[optind + 1];
	return -1;
}
