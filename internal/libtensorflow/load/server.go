package load

/*
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct TF_Server TF_Server;
typedef struct TF_Status TF_Status;

TF_Status *TF_NewStatus(void);
void TF_DeleteStatus(TF_Status *);
int TF_GetCode(const TF_Status *);
const char *TF_Message(const TF_Status *);

typedef TF_Server *(*new_server)(const void *, size_t, TF_Status *);
typedef void (*start_server)(TF_Server *, TF_Status *);
typedef const char *(*server_target)(TF_Server *);

// serve starts a server and copies its target. It is 0, or -1 with the reason in its place. The Go
// binding calls none of these functions, so the stub does not stand for them: the library is loaded by
// now, and they are looked up in it.
static int serve(const void *def, size_t size, char *target, size_t room) {
  new_server make = (new_server)dlsym(RTLD_DEFAULT, "TF_NewServer");
  start_server start = (start_server)dlsym(RTLD_DEFAULT, "TF_ServerStart");
  server_target name = (server_target)dlsym(RTLD_DEFAULT, "TF_ServerTarget");
  if (make == NULL || start == NULL || name == NULL) {
    snprintf(target, room, "the library has no TF_NewServer");
    return -1;
  }
  TF_Status *status = TF_NewStatus();
  TF_Server *server = make(def, size, status);
  if (TF_GetCode(status) == 0) start(server, status);
  int failed = TF_GetCode(status) != 0;
  snprintf(target, room, "%s", failed ? TF_Message(status) : name(server));
  TF_DeleteStatus(status);
  return failed ? -1 : 0;
}
*/
import "C"

import (
	"errors"
	"unsafe"
)

// StartServer starts TensorFlow's own gRPC server in this process, as a serialized tensorflow.ServerDef
// describes it, and returns the target of sessions on it: "grpc://localhost:2222". The library must be
// loaded. A server cannot be stopped: it ends with the process.
func StartServer(def []byte) (target string, err error) {
	var out [1024]C.char
	if C.serve(unsafe.Pointer(unsafe.SliceData(def)), C.size_t(len(def)), &out[0], C.size_t(len(out))) != 0 {
		return "", errors.New(C.GoString(&out[0]))
	}
	return C.GoString(&out[0]), nil
}
