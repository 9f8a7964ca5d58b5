#include "core/core.h"
#include <ropelaw/version.h>

const char *ropelaw_version(void) {
    return ROPELAW_VERSION_STRING;
}

ropelaw_status ropelaw_version_check(int major, int minor, ropelaw_error *error) {
    if (major == ROPELAW_VERSION_MAJOR && minor <= ROPELAW_VERSION_MINOR &&
        (major > 0 || minor == ROPELAW_VERSION_MINOR))
        return ROPELAW_OK;
    return core_fail(error, ROPELAW_UNSUPPORTED, "version", "", ROPELAW_VERSION_STRING,
                     "the program was compiled for ropelaw %d.%d, the library is " ROPELAW_VERSION_STRING, major,
                     minor);
}
