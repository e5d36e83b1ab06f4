// The C half of libtensorflow.a, which programs link instead of TensorFlow.
// The other half is assembly, generated: each C API name jumps to the address in its
// slot. Every slot starts at code that calls tfpair_resolve, which loads the libraries
// if that has not happened yet, fills the slot and returns the address to jump to.
//
// TFPAIR_VERSION is the version of the runtime, a string, given by the build.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAIN_LIBRARY "libtensorflow_cc.so.2"
#define FRAMEWORK_LIBRARY "libtensorflow_framework.so.2"
#define INSTALL_COMMAND "tfpair runtime install"

#define PATH_SIZE 4096
#define EXIT_MISSING 4  // the exit code "input or model missing"

#define HIDDEN __attribute__((visibility("hidden")))

// Made by the assembly half.
extern HIDDEN void *tfpair_slots[];
extern HIDDEN const char *const tfpair_names[];

// Guards folder, handle and the loading itself. Slots need no lock: every thread that
// races to fill one stores the same word.
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_SIZE];  // "" until loaded
static void *handle;

// tfpair_default_folder writes the folder that a runtime of device ("cpu", "gpu") is
// looked for in when nobody named one. It is 1 when TFPAIR_RUNTIME named it, 0 when it is in
// the cache, -1 when there is none. The same rule in Go is libtensorflow.Folder.
HIDDEN int tfpair_default_folder(const char *device, char *out, size_t size) {
  const char *named = getenv("TFPAIR_RUNTIME");
  const char *xdg = getenv("XDG_CACHE_HOME");
  const char *home = getenv("HOME");
  int n;
  if (named != NULL && named[0] != '\0') {
    n = snprintf(out, size, "%s", named);
    return n < (int)size ? 1 : -1;
  }
  if (xdg != NULL && xdg[0] != '\0') {
    if (xdg[0] != '/') return -1;
    n = snprintf(out, size, "%s/tfpair/runtime/%s-%s", xdg, TFPAIR_VERSION, device);
  } else if (home != NULL && home[0] != '\0') {
    n = snprintf(out, size, "%s/.cache/tfpair/runtime/%s-%s", home, TFPAIR_VERSION, device);
  } else {
    return -1;
  }
  return n < (int)size ? 0 : -1;
}

// open_quietly opens one library with fd 2 at /dev/null, because static initialisers
// of TensorFlow log there and no variable stops them. Other threads lose what they
// write to stderr in these 0.3 seconds.
static void *open_quietly(const char *in, const char *name, int flags) {
  char path[PATH_SIZE + 64];
  int saved = dup(2);
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  void *opened;
  snprintf(path, sizeof path, "%s/lib/%s", in, name);
  if (saved >= 0 && null >= 0) dup2(null, 2);
  opened = dlopen(path, flags);
  if (saved >= 0 && null >= 0) dup2(saved, 2);
  if (saved >= 0) close(saved);
  if (null >= 0) close(null);
  return opened;
}

// hush_abseil gives Abseil's log the level of TensorFlow's own, which TF_CPP_MIN_LOG_LEVEL sets: some
// releases write lines through Abseil, which reads no variable (2.20.0: two lines at the first session).
// Abseil's names carry its release; a library without any of these names stays as it is.
static void hush_abseil(void *library) {
  static const char *const releases[] = {"20230125", "20230802", "20240116", "20240722",
                                         "20250127", "20250512", "20250814", "20260107"};
  const char *level = getenv("TF_CPP_MIN_LOG_LEVEL");
  for (size_t i = 0; level != NULL && i < sizeof releases / sizeof *releases; i++) {
    char name[128];
    void (*set_min_log_level)(int);
    snprintf(name, sizeof name, "_ZN4absl12lts_%s14SetMinLogLevelENS0_18LogSeverityAtLeastE", releases[i]);
    *(void **)&set_min_log_level = dlsym(library, name);
    if (set_min_log_level != NULL) set_min_log_level(atoi(level));
  }
}

// tfpair_load loads the libraries of one folder. It is 0, or -1 with the reason in
// message. After a success it does nothing; after a failure it tries again.
HIDDEN int tfpair_load(const char *from, char *message, size_t size) {
  void *opened = NULL;
  pthread_mutex_lock(&loading);
  if (handle == NULL) {
    setenv("TF_CPP_MIN_LOG_LEVEL", "2", 0);  // errors only; the user's own value stays
    if (open_quietly(from, FRAMEWORK_LIBRARY, RTLD_NOW | RTLD_GLOBAL) != NULL)
      opened = open_quietly(from, MAIN_LIBRARY, RTLD_LAZY | RTLD_GLOBAL);
    if (opened == NULL) {
      const char *why = dlerror();
      snprintf(message, size, "%s", why != NULL ? why : "unknown dlopen error");
      pthread_mutex_unlock(&loading);
      return -1;
    }
    hush_abseil(opened);
    snprintf(folder, sizeof folder, "%s", from);
    handle = opened;
  }
  pthread_mutex_unlock(&loading);
  return 0;
}

// tfpair_folder copies the folder that the libraries were loaded from, "" before that.
HIDDEN void tfpair_folder(char *out, size_t size) {
  pthread_mutex_lock(&loading);
  snprintf(out, size, "%s", folder);
  pthread_mutex_unlock(&loading);
}

static void die(const char *what, const char *where, const char *hint) {
  fprintf(stderr, "tfpair: libtensorflow is not loaded: %s%s\n", what, where);
  if (hint != NULL) fprintf(stderr, "tfpair: hint: install it with: %s\n", hint);
  _exit(EXIT_MISSING);
}

static int holds_library(const char *in) {
  char path[PATH_SIZE + 64];
  snprintf(path, sizeof path, "%s/lib/" MAIN_LIBRARY, in);
  return access(path, R_OK) == 0;
}

// load_default loads what libtensorflow.Find finds for the device "auto": the folder
// that TFPAIR_RUNTIME names, else the GPU build, else the CPU build. It ends the process
// where nothing is there: its caller is C code that cannot get an error.
static void load_default(void) {
  char in[PATH_SIZE], message[1024];
  int named = tfpair_default_folder("gpu", in, sizeof in);
  if (named == 0 && !holds_library(in)) tfpair_default_folder("cpu", in, sizeof in);
  if (named < 0)
    die("no cache folder to look in: HOME and XDG_CACHE_HOME are not usable, ",
        "TFPAIR_RUNTIME is not set", NULL);
  if (!holds_library(in)) {
    char where[PATH_SIZE + 64];
    snprintf(where, sizeof where, "\"%s/lib\"%s", in,
             named ? " (named by TFPAIR_RUNTIME)" : "");
    die("no " MAIN_LIBRARY " in ", where, INSTALL_COMMAND);
  }
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx"))
    die("this processor lacks AVX, and the runtime is compiled with it; use a machine that has it", "", NULL);
#endif
  if (tfpair_load(in, message, sizeof message) != 0) die(message, "", INSTALL_COMMAND);
}

// tfpair_resolve returns the address of the i-th name and fills its slot.
HIDDEN void *tfpair_resolve(unsigned long i) {
  void *address;
  pthread_mutex_lock(&loading);
  address = handle;
  pthread_mutex_unlock(&loading);
  if (address == NULL) load_default();
  address = dlsym(handle, tfpair_names[i]);
  if (address == NULL) die("the library has no ", tfpair_names[i], INSTALL_COMMAND);
  __atomic_store_n(&tfpair_slots[i], address, __ATOMIC_RELEASE);
  return address;
}
