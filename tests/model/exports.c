/* Exports put together with their weights; the script that does it needs Debian's python3-onnx. */
#include "exports.h"
#include "models.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/gluec-wild-XXXXXX";
/* Check runs each test in a process of its own, whose end must not remove what the next one needs. */
static pid_t owner;

int exports_shell(const char *format, ...)
{
	char command[4000];
	va_list ap;

	va_start(ap, format);
	int n = vsnprintf(command, sizeof command, format, ap);
	va_end(ap);
	fflush(stdout);
	return n < 0 || (size_t)n >= sizeof command ? -1 : system(command);
}

static void remove_all(void)
{
	if (getpid() == owner && access(folder, F_OK) == 0)
		exports_shell("rm -rf '%s'", folder);
}

const char *exports_unpack(const char *words)
{
	const char *shared = getenv("GLUEC_SHARED");

	if (!shared || !*shared || SANITIZED) {
		puts(SANITIZED ? "skip: too slow under the sanitizers"
					   : "skip: GLUEC_SHARED is not set, so there are no exports");
		return NULL;
	}
	if (system("/usr/bin/python3 -c 'import onnx, numpy' 2>/dev/null")) {
		puts("skip: rebuilding the exports needs python3-onnx");
		return NULL;
	}
	if (!mkdtemp(folder))
		return NULL;
	owner = getpid();
	atexit(remove_all);
	if (exports_shell("cd '%s' && mkdir golden && tar xf '%s/wild/skeletons.tar.xz' && tar xf "
					  "'%s/golden/golden.tar.xz' -C golden && /usr/bin/python3 '%s/wild/rebuild.py' skeletons "
					  "'%s/wild' onnx %s >log && ln -s '%s'/wild/quantized/*.onnx onnx",
			folder, shared, shared, shared, shared, words, shared)) {
		puts("skip: the exports cannot be unpacked");
		return NULL;
	}
	return folder;
}
