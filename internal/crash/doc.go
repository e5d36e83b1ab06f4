// Package crash gives a program one exit code for all ends that it did not choose:
//
//	exit(0) of C code · abort, as of a failed CHECK · a fault in C code · a panic · a fatal error of Go → Watch → code
//
// Go ends a process without C's exit, so whatever runs C's exit is not the program. A fault in C
// code comes to a handler that was there before Go's, on any thread. A panic, in whatever
// goroutine, and a fatal error print what Go prints, and then abort.
//
// It is for programs and not for libraries, because it takes signals that a process has once.
package crash
