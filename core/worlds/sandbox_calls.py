"""Which system calls a program of a model may make, as a seccomp filter.

What Python needs to compute, to use the files of its own folder and to wait is listed; all else does not exist for the
program. A list of what is refused would have to grow with each kernel.

The child loads this file without any package on its path, so it imports the standard library only. Numbers are those of
the kernel's header unistd.h; see seccomp(2), and `sandbox.py` for what the filter protects.
"""

from __future__ import annotations

import os
import struct

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The machines whose calls are listed."""
ALLOWED_CALLS: dict[str, dict[str, int]] = {
    # memory and threads
    "brk": {"x86_64": 12, "aarch64": 214},
    "mmap": {"x86_64": 9, "aarch64": 222},
    "munmap": {"x86_64": 11, "aarch64": 215},
    "mremap": {"x86_64": 25, "aarch64": 216},
    "mprotect": {"x86_64": 10, "aarch64": 226},
    "madvise": {"x86_64": 28, "aarch64": 233},
    "msync": {"x86_64": 26, "aarch64": 227},
    "mincore": {"x86_64": 27, "aarch64": 232},
    "futex": {"x86_64": 202, "aarch64": 98},
    "set_robust_list": {"x86_64": 273, "aarch64": 99},
    "rseq": {"x86_64": 334, "aarch64": 293},
    "set_tid_address": {"x86_64": 218, "aarch64": 96},
    "sched_yield": {"x86_64": 24, "aarch64": 124},
    "sched_getaffinity": {"x86_64": 204, "aarch64": 123},
    "membarrier": {"x86_64": 324, "aarch64": 283},
    # signals of its own
    "rt_sigaction": {"x86_64": 13, "aarch64": 134},
    "rt_sigprocmask": {"x86_64": 14, "aarch64": 135},
    "rt_sigreturn": {"x86_64": 15, "aarch64": 139},
    "rt_sigpending": {"x86_64": 127, "aarch64": 136},
    "rt_sigsuspend": {"x86_64": 130, "aarch64": 133},
    "rt_sigtimedwait": {"x86_64": 128, "aarch64": 137},
    "sigaltstack": {"x86_64": 131, "aarch64": 132},
    "restart_syscall": {"x86_64": 219, "aarch64": 128},
    "pause": {"x86_64": 34},
    "alarm": {"x86_64": 37},
    "getitimer": {"x86_64": 36, "aarch64": 102},
    "setitimer": {"x86_64": 38, "aarch64": 103},
    # time and what it has used
    "time": {"x86_64": 201},
    "gettimeofday": {"x86_64": 96, "aarch64": 169},
    "clock_gettime": {"x86_64": 228, "aarch64": 113},
    "clock_getres": {"x86_64": 229, "aarch64": 114},
    "clock_nanosleep": {"x86_64": 230, "aarch64": 115},
    "nanosleep": {"x86_64": 35, "aarch64": 101},
    "times": {"x86_64": 100, "aarch64": 153},
    "getrusage": {"x86_64": 98, "aarch64": 165},
    "getrlimit": {"x86_64": 97, "aarch64": 163},
    "sysinfo": {"x86_64": 99, "aarch64": 179},
    "uname": {"x86_64": 63, "aarch64": 160},
    "getrandom": {"x86_64": 318, "aarch64": 278},
    # who it is
    "getpid": {"x86_64": 39, "aarch64": 172},
    "getppid": {"x86_64": 110, "aarch64": 173},
    "gettid": {"x86_64": 186, "aarch64": 178},
    "getpgrp": {"x86_64": 111},
    "getuid": {"x86_64": 102, "aarch64": 174},
    "geteuid": {"x86_64": 107, "aarch64": 175},
    "getgid": {"x86_64": 104, "aarch64": 176},
    "getegid": {"x86_64": 108, "aarch64": 177},
    "getresuid": {"x86_64": 118, "aarch64": 148},
    "getresgid": {"x86_64": 120, "aarch64": 150},
    "getgroups": {"x86_64": 115, "aarch64": 158},
    # files that Landlock lets it open
    "open": {"x86_64": 2},
    "openat": {"x86_64": 257, "aarch64": 56},
    "creat": {"x86_64": 85},
    "close": {"x86_64": 3, "aarch64": 57},
    "close_range": {"x86_64": 436, "aarch64": 436},
    "read": {"x86_64": 0, "aarch64": 63},
    "write": {"x86_64": 1, "aarch64": 64},
    "readv": {"x86_64": 19, "aarch64": 65},
    "writev": {"x86_64": 20, "aarch64": 66},
    "pread64": {"x86_64": 17, "aarch64": 67},
    "pwrite64": {"x86_64": 18, "aarch64": 68},
    "preadv": {"x86_64": 295, "aarch64": 69},
    "pwritev": {"x86_64": 296, "aarch64": 70},
    "preadv2": {"x86_64": 327, "aarch64": 286},
    "pwritev2": {"x86_64": 328, "aarch64": 287},
    "lseek": {"x86_64": 8, "aarch64": 62},
    "ftruncate": {"x86_64": 77, "aarch64": 46},
    "fsync": {"x86_64": 74, "aarch64": 82},
    "fdatasync": {"x86_64": 75, "aarch64": 83},
    "flock": {"x86_64": 73, "aarch64": 32},
    "sendfile": {"x86_64": 40, "aarch64": 71},
    "copy_file_range": {"x86_64": 326, "aarch64": 285},
    "dup": {"x86_64": 32, "aarch64": 23},
    "dup2": {"x86_64": 33},
    "dup3": {"x86_64": 292, "aarch64": 24},
    "pipe": {"x86_64": 22},
    "pipe2": {"x86_64": 293, "aarch64": 59},
    "fadvise64": {"x86_64": 221, "aarch64": 223},
    # names and folders
    "stat": {"x86_64": 4},
    "lstat": {"x86_64": 6},
    "fstat": {"x86_64": 5, "aarch64": 80},
    "newfstatat": {"x86_64": 262, "aarch64": 79},
    "statx": {"x86_64": 332, "aarch64": 291},
    "access": {"x86_64": 21},
    "faccessat": {"x86_64": 269, "aarch64": 48},
    "readlink": {"x86_64": 89},
    "readlinkat": {"x86_64": 267, "aarch64": 78},
    "getcwd": {"x86_64": 79, "aarch64": 17},
    "chdir": {"x86_64": 80, "aarch64": 49},
    "fchdir": {"x86_64": 81, "aarch64": 50},
    "getdents64": {"x86_64": 217, "aarch64": 61},
    "mkdir": {"x86_64": 83},
    "mkdirat": {"x86_64": 258, "aarch64": 34},
    "rmdir": {"x86_64": 84},
    "unlink": {"x86_64": 87},
    "unlinkat": {"x86_64": 263, "aarch64": 35},
    "rename": {"x86_64": 82},
    "renameat": {"x86_64": 264, "aarch64": 38},
    "renameat2": {"x86_64": 316, "aarch64": 276},
    # waiting
    "poll": {"x86_64": 7},
    "ppoll": {"x86_64": 271, "aarch64": 73},
    "select": {"x86_64": 23},
    "pselect6": {"x86_64": 270, "aarch64": 72},
    "epoll_create": {"x86_64": 213},
    "epoll_create1": {"x86_64": 291, "aarch64": 20},
    "epoll_ctl": {"x86_64": 233, "aarch64": 21},
    "epoll_wait": {"x86_64": 232},
    "epoll_pwait": {"x86_64": 281, "aarch64": 22},
    # the end
    "exit": {"x86_64": 60, "aarch64": 93},
    "exit_group": {"x86_64": 231, "aarch64": 94},
}
_FCNTL, _IOCTL = {"x86_64": 72, "aarch64": 25}, {"x86_64": 16, "aarch64": 29}
_PRCTL, _PRLIMIT64 = {"x86_64": 157, "aarch64": 167}, {"x86_64": 302, "aarch64": 261}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE_THREAD = 0x00010000
_FIRST_OF_ALL_MACHINES = 424
"""Calls from this number on came late and have one number everywhere. "Not there" makes the C library fall back on the
older call: on the old way to start a thread, for example, whose flags a filter can read."""

_Word = tuple[int, int]
"""An argument's index, and which half of it: 0 is the low one."""
ALLOWED_ARGUMENTS: tuple[tuple[dict[str, int], tuple[tuple[_Word, tuple[int, ...]], ...]], ...] = (
    # Copies of a descriptor, its flags, locks, a pipe's size. Not F_SETFL (O_ASYNC), F_SETOWN, F_SETSIG, F_SETOWN_EX,
    # F_SETLEASE or F_NOTIFY: with these the kernel sends a signal to any process of the user.
    (_FCNTL, (((1, 0), (0, 1, 2, 3, 5, 6, 7, 36, 37, 38, 1030, 1032)),)),
    # Is it a terminal (TCGETS), close it at exec (FIONCLEX, FIOCLEX), how much waits (FIONREAD).
    (_IOCTL, (((1, 0), (0x5401, 0x5450, 0x5451, 0x541B)),)),
    # A thread's name.
    (_PRCTL, (((0, 0), (15, 16)),)),
    # Reading its own limits: process 0, and no new ones.
    (_PRLIMIT64, (((0, 0), (0,)), ((2, 0), (0,)), ((2, 1), (0,)))),
)
"""Calls of which only some may be made: each of these words must have one of the values."""

_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_X32_BIT = 0x40000000
_LOAD, _EQUAL, _AT_LEAST, _AND_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _ARGUMENTS_AT = 0, 4, 16
_Line = tuple[int, int, int, int]
"""Of a filter: what to do, how many lines to skip if so, how many if not, and a number."""


def filter_program() -> bytes:
    """The filter of this machine, as `prctl(PR_SET_SECCOMP)` takes it: 8 bytes for each line."""
    machine = os.uname().machine
    program: list[_Line] = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL),  # a call in another architecture's convention would have other numbers
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL)]
    for numbers in ALLOWED_CALLS.values():
        if machine in numbers:
            program += [(_EQUAL, 0, 1, numbers[machine]), (_RETURN, 0, 0, _ALLOW)]
    for numbers, words in ALLOWED_ARGUMENTS:
        lines = _lines_for_words(words)
        program += [(_EQUAL, 0, len(lines), numbers[machine]), *lines]
    program += [
        (_EQUAL, 0, 4, _CLONE[machine]),
        (_LOAD, 0, 0, _ARGUMENTS_AT),
        (_AND_SET, 0, 1, _CLONE_THREAD),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERROR | _EPERM),
        (_AT_LEAST, 0, 1, _FIRST_OF_ALL_MACHINES),
        (_RETURN, 0, 0, _ERROR | _ENOSYS),
        (_RETURN, 0, 0, _ERROR | _EPERM),
    ]
    return b"".join(struct.pack("<HBBI", *line) for line in program)


def _lines_for_words(words: tuple[tuple[_Word, tuple[int, ...]], ...]) -> list[_Line]:
    lines: list[_Line] = []
    for (argument, half), values in words:
        lines.append((_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument + 4 * half))
        lines += [(_EQUAL, len(values) - index, 0, value) for index, value in enumerate(values)]
        lines.append((_RETURN, 0, 0, _ERROR | _EPERM))
    return [*lines, (_RETURN, 0, 0, _ALLOW)]
