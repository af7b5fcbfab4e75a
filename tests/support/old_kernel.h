/* A kernel that lacks a system call, or an option of one. */
#ifndef IMPACT_TESTS_OLD_KERNEL_H
#define IMPACT_TESTS_OLD_KERNEL_H

#if __has_include(<linux/filter.h>) /* a C library may come without the kernel's headers */
#include <linux/filter.h>
#include <linux/seccomp.h>
#define OLD_KERNEL_IS_THERE 1
#endif

#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "support/check.h"

/* For the rest of this test that call fails so. */
static inline void old_kernel(unsigned call, unsigned error)
{
#ifdef OLD_KERNEL_IS_THERE
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        check_skip("system calls may not be filtered here");
#else
    (void)call, (void)error;
    check_skip("the headers of system call filters are not there");
#endif
}

#endif
