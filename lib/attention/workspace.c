#include "attention/plan.h"
#include "core/core.h"

/* Room to align whatever memory is lent. */
enum { SLACK = 64 };

ropelaw_status attention_call_check(const ropelaw_attention_problem *p,
                                    const ropelaw_attention_options *options, const void *tensors,
                                    const attention_kernel **kernel, ropelaw_error *error) {
    ropelaw_status status = ropelaw_attention_problem_check(p, error);
    if (!status) status = attention_kernel_choose(options, kernel, error);
    if (!status && !tensors && !attention_is_empty(p))
        status = core_fail(error, ROPELAW_INVALID, "tensors", "", "", "tensors is missing");
    return status;
}

ropelaw_status attention_arena_init(attention_arena *arena, const ropelaw_attention_workspace *w,
                                    size_t bytes, ropelaw_error *error) {
    if (bytes > SIZE_MAX - SLACK)
        return core_fail(error, ROPELAW_SHAPE, "workspace", "", "", "the size of the workspace overflows");
    if (!w || !w->memory || w->bytes < bytes + SLACK)
        return core_fail(error, ROPELAW_INVALID, "workspace", "", "", "workspace has %zu bytes, needs %zu",
                         w && w->memory ? w->bytes : 0, bytes + SLACK);
    char *memory = w->memory;
    arena->memory = memory + (SLACK - (uintptr_t)memory % SLACK) % SLACK;
    arena->used = 0;
    return ROPELAW_OK;
}

ropelaw_status ropelaw_attention_workspace_size(const ropelaw_attention_problem *p,
                                                const ropelaw_attention_options *options,
                                                ropelaw_attention_call call, size_t *bytes,
                                                ropelaw_error *error) {
    const attention_kernel *kernel = NULL;
    ropelaw_status status = attention_call_check(p, options, p, &kernel, error);
    if (status) return status;
    size_t (*const needs[])(const ropelaw_attention_problem *, const ropelaw_attention_options *,
                            const attention_kernel *) = {
        [ROPELAW_ATTENTION_FORWARD_F32] = attention_forward_bytes,
        [ROPELAW_ATTENTION_BACKWARD_F32] = attention_backward_bytes,
        [ROPELAW_ATTENTION_FORWARD_F64] = attention_f64_bytes,
        [ROPELAW_ATTENTION_STATS_F32] = attention_stats_bytes,
    };
    if ((size_t)call >= CORE_COUNT(needs))
        return core_fail_number(error, ROPELAW_INVALID, "call", (double)call, "a known call");
    size_t need = attention_is_empty(p) ? 0 : needs[call](p, options, kernel);
    if (need > SIZE_MAX - SLACK)
        return core_fail(error, ROPELAW_SHAPE, "workspace", "", "", "the size of the workspace overflows");
    *bytes = need + SLACK;
    return ROPELAW_OK;
}
