// Package libtensorflow finds and installs the TensorFlow C library that graphs are
// built and run with. It is pure Go and loads nothing: package load does that.
//
//	wheel → checksum → two libraries, licences, C headers → strip → stub → one rename → folder
//
// The folder is the one that TFPAIR_RUNTIME names, else one per version and device in
// the user's cache, shared by all checkouts:
//
//	2.21.0-cpu/
//	  lib/libtensorflow_cc.so.2 libtensorflow_framework.so.2
//	  include/tensorflow/c/c_api.h and what it includes
//	  nvidia/*/lib/           CUDA libraries, GPU builds only
//	  stub-0123456789ab/      libtensorflow.a, what programs link instead of the libraries
//	  THIRD_PARTY_NOTICES.txt licences of what the libraries contain
//	  MANIFEST.json           what this is, and the size and SHA-256 of every file
//	  VERIFIED.json           the state of the files when these were last right; see VerifyOnce
//
// Programs link the stub, so they start without TensorFlow and say so in their own
// words when it is missing. The libraries need no Python; only pip is used, to download.
package libtensorflow
