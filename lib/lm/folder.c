/* A folder for checkpoints is tried before any training, not at the first checkpoint minutes later. */
#include "core/core.h"
#include "lm/experiment.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ropelaw_status refuse(const char *path, const char *doing, int reason, ropelaw_error *error) {
    core_fail(error, ROPELAW_IO, "checkpoint_dir", "", "", "cannot %s the folder for checkpoints: %s", doing,
              strerror(reason));
    core_error_at(error, path, 0);
    return ROPELAW_IO;
}

ropelaw_status lm_folder_ready(const char *path, ropelaw_error *error) {
    char trial[4096];
    struct stat facts;
    if (mkdir(path, 0777) && errno != EEXIST) return refuse(path, "make", errno, error);
    if (stat(path, &facts)) return refuse(path, "use", errno, error);
    if (!S_ISDIR(facts.st_mode)) return refuse(path, "use", ENOTDIR, error);
    int length = snprintf(trial, sizeof trial, "%s/trial-XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof trial) return refuse(path, "use", ENAMETOOLONG, error);
    int file = mkstemp(trial);
    if (file < 0) return refuse(path, "write to", errno, error);
    close(file);
    unlink(trial);
    return ROPELAW_OK;
}
