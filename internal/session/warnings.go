//go:build tensorflow && cgo && linux

package session

/*
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if defined(__GLIBC__)
// libjpeg's warnings begin so: JWRN_… of its jerror.h, up to the first number.
static const char *const warnings[] = {
	"Corrupt JPEG data: ", "Premature end of JPEG file", "Invalid SOS parameters for sequential JPEG",
	"Inconsistent progression sequence for component ", "Unknown Adobe color transform code ",
	"Warning: unknown JFIF revision number ",
};

static int is_warning(const char *text, size_t n) {
	if (n == 0 || memchr(text, '\n', n) != text + n - 1)
		return 0; // not one line
	for (size_t i = 0; i < sizeof warnings / sizeof *warnings; i++) {
		size_t length = strlen(warnings[i]);
		if (n > length && memcmp(text, warnings[i], length) == 0)
			return 1;
	}
	return 0;
}

static ssize_t write_rest(void *unused, const char *text, size_t n) {
	(void)unused;
	if (is_warning(text, n))
		return n;
	for (size_t done = 0; done < n;) {
		ssize_t k = write(STDERR_FILENO, text + done, n - done);
		if (k < 0 && errno != EINTR)
			return 0; // as fopencookie wants it
		if (k > 0)
			done += k;
	}
	return n;
}

static void hush_jpeg(void) {
	cookie_io_functions_t functions = {.write = write_rest};
	FILE *f = fopencookie(NULL, "w", functions);
	if (f == NULL)
		return;
	setvbuf(f, NULL, _IONBF, 0); // each message comes whole, and none is lost in a crash
	stderr = f;
}
#else
static void hush_jpeg(void) {}
#endif
*/
import "C"

// HushJPEG has libjpeg's warnings about damaged pictures, which name no file, no longer reach standard error. The runtime
// gives no other way: libjpeg writes them by itself. What else C code writes goes on as before. It changes the stream
// stderr of the whole process, so it is for the program to call, first thing, and not for a library. It does nothing
// where the C library is not glibc.
func HushJPEG() { C.hush_jpeg() }
