package crashtest

/*
#include <pthread.h>
#include <stdlib.h>

static void end(void) { exit(0); }

static int *volatile nowhere; // NULL

static void *fault(void *unused) {
  *nowhere = 1;
  return unused;
}

static void fault_here(void) { fault(NULL); }

static void fault_on_thread(void) {
  pthread_t t;
  if (pthread_create(&t, NULL, fault, NULL) == 0) pthread_join(t, NULL);
}
*/
import "C"

// Exit calls C's exit(0).
func Exit() { C.end() }

// Abort calls C's abort.
func Abort() { C.abort() }

// Fault writes to address 0.
func Fault() { C.fault_here() }

// FaultOnThread does so on a thread that Go does not know.
func FaultOnThread() { C.fault_on_thread() }
