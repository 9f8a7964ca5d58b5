/* Links against ropelaw-core and libm alone: the proof that core, rope and law need nothing else. */
#include <ropelaw/status.h>
#include <ropelaw/version.h>
#include <stdio.h>
#include <string.h>

int main(void) {
    int ok = strcmp(ropelaw_version(), ROPELAW_VERSION_STRING) == 0;
    printf("1..1\n%s 1 - ropelaw-core stands alone\n", ok ? "ok" : "not ok");
    return ok ? 0 : 1;
}
