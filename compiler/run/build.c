/* Makes something that can be loaded of what the emitter wrote: the object by runtime/object.mk, as users do, and a
 * shared library around it. */
#include "build.h"
#include "base/out.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/temporary.h"
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_WORDS = 32 };

const char *build_folder(struct ctx *c)
{
	const char *folder = arena_text(c, "%s/build", temporary_folder(c));

	make_folder(c, folder);
	return folder;
}

static bool exists(const char *path)
{
	return !access(path, R_OK);
}

/* The folder of the running program, without the slash; "" when the system does not say. */
static const char *program_folder(struct ctx *c)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

	path[n > 0 ? n : 0] = 0;
	char *slash = strrchr(path, '/');
	if (slash)
		*slash = 0;
	return arena_text(c, "%s", path);
}

/* The folder that holds runtime/: as the environment says, as it was when gluec was built, or above the program. */
static const char *find_root(struct ctx *c)
{
	const char *given = getenv("GLUEC_ROOT");
	const char *const roots[] = { given && *given ? given : GLUEC_ROOT, GLUEC_ROOT,
		arena_text(c, "%s/..", program_folder(c)) };

	for (size_t i = given && *given ? 0 : 1; i < sizeof roots / sizeof *roots; i++)
		if (exists(arena_text(c, "%s/runtime/object.mk", roots[i]))) {
			char *whole = realpath(roots[i], NULL);
			const char *root = arena_text(c, "%s", whole ? whole : roots[i]);
			free(whole);
			return root;
		}
	fail(c, CC_FAILED, "%.200s/runtime/object.mk is not there: set GLUEC_ROOT to gluec's source folder", roots[0]);
}

/* The runtime that was built together with gluec, unless another compiler is asked for. */
static const char *find_runtime(struct ctx *c, const char *root)
{
	const char *const built[] = { arena_text(c, "%s/rt", program_folder(c)), arena_text(c, "%s/build/rt", root) };

	for (size_t i = 0; !c->set.cc && i < sizeof built / sizeof *built; i++)
		if (exists(arena_text(c, "%s/librt.a", built[i])))
			return built[i];
	return "../rt"; /* as seen from the build folder */
}

static const char *compiler(const struct ctx *c)
{
	const char *cc = c->set.cc ? c->set.cc : getenv("CC");

	return cc && *cc ? cc : "cc";
}

_Noreturn static void fail_compiler(struct ctx *c, const char *log)
{
	progress_end(c);
	show_log(log);
	fail(c, CC_FAILED, "%.100s could not build the generated code of %.100s", compiler(c), c->set.model);
}

/* The compiler's name may come with options, as make allows: "gcc -m32". */
static const char *link_library(struct ctx *c, const char *object, const char *library, const char *log)
{
	char *argv[MAX_WORDS + 6], *rest = NULL;
	int n = 0;

	for (char *word = strtok_r(arena_text(c, "%s", compiler(c)), " \t", &rest); word && n < MAX_WORDS;
		 word = strtok_r(NULL, " \t", &rest))
		argv[n++] = word;
	if (!n)
		fail(c, USAGE, "--cc: '' is no compiler");
	argv[n++] = "-shared";
	argv[n++] = "-o";
	argv[n++] = arena_text(c, "%s", library);
	argv[n++] = arena_text(c, "%s", object);
	argv[n++] = "-lm";
	argv[n] = NULL;
	if (run_process(c, argv, NULL, log))
		fail_compiler(c, log);
	return library;
}

const char *build_library(struct ctx *c)
{
	const char *root = find_root(c), *folder = build_folder(c), *base = arena_text(c, "%s/%s", folder, c->set.name);
	const char *object = arena_text(c, "%s.o", base), *log = arena_text(c, "%s/cc.log", temporary_folder(c));
	char *const argv[] = { "make", "-s", "--no-print-directory", arena_text(c, "-j%ld", sysconf(_SC_NPROCESSORS_ONLN)),
		"-f", arena_text(c, "%s/runtime/object.mk", root), arena_text(c, "NAME=%s", c->set.name), "DIR=.",
		arena_text(c, "RT=%s", find_runtime(c, root)), arena_text(c, "CC=%s", compiler(c)), NULL };

	progress(c, "building");
	unlink(object);
	if (run_process(c, argv, folder, log))
		fail_compiler(c, log);
	return link_library(c, object, arena_text(c, "%s.so", base), log);
}

bool is_object_file(const char *path)
{
	Elf32_Ehdr h; /* its start is the same in 64-bit files */
	FILE *f = fopen(path, "rb");

	if (!f)
		return false;
	size_t n = fread(&h, 1, sizeof h, f);
	fclose(f);
	return n == sizeof h && !memcmp(h.e_ident, ELFMAG, SELFMAG) && h.e_type == ET_REL;
}

/* The one NAME among nm's lines "address T NAME_model". */
static const char *find_model_name(struct ctx *c, const char *object, const char *list)
{
	char text[512];
	const char *name = NULL;
	int found = 0;
	FILE *f = fopen(list, "r");

	while (f && fgets(text, sizeof text, f)) {
		const char *symbol = strstr(text, " T ");
		char *end = symbol ? strstr(symbol, "_model\n") : NULL;
		if (!end)
			continue;
		*end = 0;
		name = arena_text(c, "%s", symbol + 3);
		found++;
	}
	if (f)
		fclose(f);
	if (found != 1)
		fail(c, UNUSABLE_MODEL, "%.300s: not an object of one model of gluec's: %d symbols end in _model", object,
			found);
	return name;
}

const char *link_object(struct ctx *c, const char *object, const char **name)
{
	const char *log = arena_text(c, "%s/cc.log", temporary_folder(c));
	/* A name that starts with '-' or '@' would be taken for an option. */
	const char *path = arena_text(c, "%s%s", *object == '/' ? "" : "./", object);
	char *const argv[] = { "nm", "-g", "--defined-only", arena_text(c, "%s", path), NULL };

	if (run_process(c, argv, NULL, log))
		fail(c, UNUSABLE_MODEL, "%.300s: nm cannot read it", object);
	*name = find_model_name(c, object, log);
	return link_library(c, path, arena_text(c, "%s/object.so", temporary_folder(c)), log);
}
