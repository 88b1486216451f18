"""The kernel's locks on a program: Landlock for files, seccomp for system calls, both without privileges.

Linux only, x86-64 and ARM64. Plain `ctypes`: the child loads this file without any package on its path, so it imports
the standard library only. See landlock(7), seccomp(2), and `sandbox.py` for what the locks protect.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _PR_GET_SECCOMP = 38, 22, 21
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ = 0b1100  # read a file, read a directory
_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All rights over files, by Landlock version; a right that is handled and not granted is refused."""
_OWN_FOLDER = 0b0100_0001_1011_1110
"""Read, write, list, remove, make plain files and folders, shorten. No devices, links, sockets, pipes; no running."""
_NETWORK_RIGHTS = 0b11
_SCOPES = 0b11

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000
REFUSED_CALLS: dict[str, dict[str, int]] = {
    # start a process or another program (threads are allowed by a rule of their own)
    "fork": {"x86_64": 57},
    "vfork": {"x86_64": 58},
    "execve": {"x86_64": 59, "aarch64": 221},
    "execveat": {"x86_64": 322, "aarch64": 281},
    "clone3": {"x86_64": 435, "aarch64": 435},
    # network, and other ways to open one
    "socket": {"x86_64": 41, "aarch64": 198},
    "socketpair": {"x86_64": 53, "aarch64": 199},
    "io_uring_setup": {"x86_64": 425, "aarch64": 425},
    "io_uring_enter": {"x86_64": 426, "aarch64": 426},
    "io_uring_register": {"x86_64": 427, "aarch64": 427},
    # other processes
    "kill": {"x86_64": 62, "aarch64": 129},
    "tkill": {"x86_64": 200, "aarch64": 130},
    "tgkill": {"x86_64": 234, "aarch64": 131},
    "rt_sigqueueinfo": {"x86_64": 129, "aarch64": 138},
    "rt_tgsigqueueinfo": {"x86_64": 297, "aarch64": 240},
    "pidfd_send_signal": {"x86_64": 424, "aarch64": 424},
    "pidfd_open": {"x86_64": 434, "aarch64": 434},
    "pidfd_getfd": {"x86_64": 438, "aarch64": 438},
    "ptrace": {"x86_64": 101, "aarch64": 117},
    "process_vm_readv": {"x86_64": 310, "aarch64": 270},
    "process_vm_writev": {"x86_64": 311, "aarch64": 271},
    "process_madvise": {"x86_64": 440, "aarch64": 440},
    "setpriority": {"x86_64": 141, "aarch64": 140},
    "sched_setaffinity": {"x86_64": 203, "aarch64": 122},
    "prlimit64": {"x86_64": 302, "aarch64": 261},
    "setrlimit": {"x86_64": 160, "aarch64": 164},
    "setsid": {"x86_64": 112, "aarch64": 157},
    "setpgid": {"x86_64": 109, "aarch64": 154},
    # shared memory and queues that outlive a process
    "shmget": {"x86_64": 29, "aarch64": 194},
    "semget": {"x86_64": 64, "aarch64": 190},
    "msgget": {"x86_64": 68, "aarch64": 186},
    "mq_open": {"x86_64": 240, "aarch64": 180},
    "memfd_create": {"x86_64": 319, "aarch64": 279},
    # the system as a whole
    "mount": {"x86_64": 165, "aarch64": 40},
    "umount2": {"x86_64": 166, "aarch64": 39},
    "move_mount": {"x86_64": 429, "aarch64": 429},
    "open_tree": {"x86_64": 428, "aarch64": 428},
    "fsopen": {"x86_64": 430, "aarch64": 430},
    "pivot_root": {"x86_64": 155, "aarch64": 41},
    "chroot": {"x86_64": 161, "aarch64": 51},
    "unshare": {"x86_64": 272, "aarch64": 97},
    "setns": {"x86_64": 308, "aarch64": 268},
    "bpf": {"x86_64": 321, "aarch64": 280},
    "perf_event_open": {"x86_64": 298, "aarch64": 241},
    "userfaultfd": {"x86_64": 323, "aarch64": 282},
    "add_key": {"x86_64": 248, "aarch64": 217},
    "request_key": {"x86_64": 249, "aarch64": 218},
    "keyctl": {"x86_64": 250, "aarch64": 219},
    "reboot": {"x86_64": 169, "aarch64": 142},
    "init_module": {"x86_64": 175, "aarch64": 105},
    "finit_module": {"x86_64": 313, "aarch64": 273},
    "kexec_load": {"x86_64": 246, "aarch64": 104},
    "settimeofday": {"x86_64": 164, "aarch64": 170},
    "clock_settime": {"x86_64": 227, "aarch64": 112},
    "sethostname": {"x86_64": 170, "aarch64": 161},
    # rights over files that Landlock lacks, at least in its first versions
    "chmod": {"x86_64": 90},
    "fchmod": {"x86_64": 91, "aarch64": 52},
    "fchmodat": {"x86_64": 268, "aarch64": 53},
    "fchmodat2": {"x86_64": 452, "aarch64": 452},
    "chown": {"x86_64": 92},
    "lchown": {"x86_64": 94},
    "fchown": {"x86_64": 93, "aarch64": 55},
    "fchownat": {"x86_64": 260, "aarch64": 54},
    "utime": {"x86_64": 132},
    "utimes": {"x86_64": 235},
    "futimesat": {"x86_64": 261},
    "utimensat": {"x86_64": 280, "aarch64": 88},
    "truncate": {"x86_64": 76, "aarch64": 45},
    "mknod": {"x86_64": 133},
    "mknodat": {"x86_64": 259, "aarch64": 33},
    "open_by_handle_at": {"x86_64": 304, "aarch64": 265},
    "setxattr": {"x86_64": 188, "aarch64": 5},
    "lsetxattr": {"x86_64": 189, "aarch64": 6},
    "fsetxattr": {"x86_64": 190, "aarch64": 7},
    "removexattr": {"x86_64": 197, "aarch64": 14},
}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE_THREAD = 0x00010000
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_LOAD, _EQUAL, _AT_LEAST, _AND_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _FIRST_ARGUMENT_AT = 0, 4, 16

_libc = ctypes.CDLL(None, use_errno=True)


def missing() -> str | None:
    """What this machine lacks, or None."""
    if sys.platform != "linux" or platform.machine() not in _AUDIT_ARCH:
        return f"its locks are written for Linux on x86-64 and ARM64, this is {sys.platform} on {platform.machine()}"
    if _libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1) < 1:
        return f"its kernel {platform.release()} has no Landlock ({os.strerror(ctypes.get_errno())})"
    if _libc.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) < 0:
        return f"its kernel {platform.release()} has no seccomp filters"
    return None


def lock_files(own_folder: str, readable: list[str]) -> None:
    """From now on this process can read `readable`, read and write `own_folder`, and open nothing else."""
    version = _libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    rights = _RIGHTS_BY_ABI[min(version, max(_RIGHTS_BY_ABI))]
    attributes = struct.pack("<Q", rights)
    if version >= 4:
        attributes += struct.pack("<Q", _NETWORK_RIGHTS)
    if version >= 6:
        attributes += struct.pack("<Q", _SCOPES)
    ruleset = _checked("landlock_create_ruleset", _libc.syscall(_LANDLOCK_CREATE, attributes, len(attributes), 0))
    for path, granted in [(own_folder, rights & _OWN_FOLDER), *((path, _READ) for path in readable)]:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("<Qi", granted, parent)
        _checked("landlock_add_rule", _libc.syscall(_LANDLOCK_ADD, ruleset, 1, rule, 0))
        os.close(parent)
    _checked("prctl", _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked("landlock_restrict_self", _libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0))
    os.close(ruleset)


def lock_calls() -> None:
    """From now on the calls of `REFUSED_CALLS` fail with EPERM, and so does `clone` for anything but a thread."""
    machine = platform.machine()
    program = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_EQUAL, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL),  # a call in another architecture's convention would have other numbers
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine == "x86_64":
        program += [(_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL)]
    for name, numbers in REFUSED_CALLS.items():
        if machine in numbers:
            # Without clone3 the C library falls back on clone, whose flags a filter can read.
            error = _ENOSYS if name == "clone3" else _EPERM
            program += [(_EQUAL, 0, 1, numbers[machine]), (_RETURN, 0, 0, _ERROR | error)]
    program += [
        (_EQUAL, 0, 3, _CLONE[machine]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_AND_SET, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _ERROR | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    code = b"".join(struct.pack("<HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code)

    class FilterProgram(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    filters = FilterProgram(len(program), ctypes.addressof(buffer))
    _checked("prctl", _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked("seccomp", _libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(filters), 0, 0))


def _checked(call: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result
