package crash

/*
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TFPAIR_CRASHED 7

static volatile sig_atomic_t watching;
static const char *said; // printed at a crash
static size_t length;

static void tfpair_crashed(void) {
  if (write(2, said, length) < 0) {
    // There is nobody to tell.
  }
  _exit(TFPAIR_CRASHED);
}

// Go takes 1.5 GiB of addresses when it starts, most of which it never fills. Where it gets less it may
// end with 2, before any code of ours runs but this.
static const size_t tfpair_start = (size_t)1792 << 20;

static void tfpair_room(void) {
  void *room = mmap(NULL, tfpair_start, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) {
    said = "tfpair: memory is too small to start: raise the limit, ulimit -v or that of the container\n";
    length = strlen(said);
    tfpair_crashed();
  }
  munmap(room, tfpair_start);
}

static void tfpair_at_exit(void) {
  if (watching) tfpair_crashed();
}

// Only what may be called in a handler is called.
static void tfpair_on_signal(int number) {
  if (watching) tfpair_crashed();
  signal(number, SIG_DFL);
  raise(number);
}

static void tfpair_catch(int number) {
  struct sigaction a;
  memset(&a, 0, sizeof a);
  a.sa_handler = tfpair_on_signal;
  a.sa_flags = SA_ONSTACK; // Go's threads need it
  sigfillset(&a.sa_mask);
  sigaction(number, &a, NULL);
}

// Go keeps the handlers that are there before its own and calls them for faults in C code. It keeps
// the one of SIGABRT, too, but prints the registers and all goroutines first, so tfpair_watch puts
// this one back in front.
__attribute__((constructor)) static void tfpair_before_go(void) {
  tfpair_room();
  tfpair_catch(SIGSEGV);
  tfpair_catch(SIGBUS);
  tfpair_catch(SIGFPE);
  tfpair_catch(SIGILL);
  tfpair_catch(SIGABRT);
}

static void tfpair_watch(const char *text) {
  said = text;
  length = strlen(text);
  tfpair_catch(SIGABRT);
  if (atexit(tfpair_at_exit) == 0) watching = 1;
}

static void tfpair_done(void) { watching = 0; }
*/
import "C"

import "runtime/debug"

// Code is the exit code of a crash.
const Code = C.TFPAIR_CRASHED

// Watch makes every end of the process but os.Exit print text and end with Code. Call it once, when
// the program starts.
func Watch(text string) {
	debug.SetTraceback("crash") // after what it prints, Go aborts
	C.tfpair_watch(C.CString(text))
}

// Done ends the watch: the program has come to its end and says with which code. Call it right
// before os.Exit, which runs C's exit in programs built with -race.
func Done() { C.tfpair_done() }
