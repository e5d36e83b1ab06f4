// The compiler takes functions without a body, which flush_linux.go links to the runtime's, only beside a file of assembly.
