/**
 * Version of the library.
 *
 * Semantic versioning; while the major version is 0 a minor version may change the API.
 *
 * API changes
 * 0.1.0  first release
 */
#ifndef ROPELAW_VERSION_H
#define ROPELAW_VERSION_H

#include <ropelaw/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROPELAW_VERSION_MAJOR  0
#define ROPELAW_VERSION_MINOR  1
#define ROPELAW_VERSION_PATCH  0
#define ROPELAW_VERSION_STRING "0.1.0"

/** Version of the library that runs, "major.minor.patch". Never NULL. Threads: pure. */
ROPELAW_API const char *ropelaw_version(void);

/**
 * Whether the library that runs serves a program compiled against these headers.
 *
 * In       major, minor: pass ROPELAW_VERSION_MAJOR and ROPELAW_VERSION_MINOR
 * Returns  OK; UNSUPPORTED naming both versions.
 */
ROPELAW_API ropelaw_status ropelaw_version_check(int major, int minor, ropelaw_error *error) ROPELAW_MUST_USE;

/** The linked GSL and BLAS in one line. Out  text [size]. Returns text. */
ROPELAW_API char *ropelaw_build_str(char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
