"""The kernel's locks on a program: a root of its own, no capabilities, Landlock for files, seccomp for system calls.

Linux only, x86-64 and ARM64. Plain `ctypes`: the child loads this file without any package on its path, so it imports
the standard library only. See mount_namespaces(7), capabilities(7), landlock(7), seccomp(2), and `sandbox.py` for what
the locks protect.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_GET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 21, 38
_PR_CAPBSET_DROP, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 24, 47, 4
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAPABILITIES_VERSION_3 = 0x20080522
_NEW_MOUNTS, _NEW_USER = 0x00020000, 0x10000000
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_EXEC, _REMOUNT, _BIND, _RECURSIVE = 1, 2, 4, 8, 32, 4096, 16384
_PRIVATE, _DETACH = 1 << 18, 2
_READ_FILE, _READ_FOLDER = 0b0100, 0b1000
_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All rights over files, by Landlock version; a right that is handled and not granted is refused."""
_OWN_FOLDER = 0b0100_0001_1011_1110
"""Read, write, list, remove, make plain files and folders, shorten. No devices, links, sockets, pipes; no running."""
_NETWORK_RIGHTS = 0b11
_SCOPES = 0b11
_FIRST_OWN_USER, _OWN_USERS = 61184, 4096
"""Users that no account has (systemd lends them to services in the same way)."""
INSTALLED = ("site-packages", "dist-packages")
"""Folders within the standard library that hold installed packages, the project's scoring code among them."""

_libc = ctypes.CDLL(None if os.name == "posix" else "msvcrt", use_errno=True)
"""Windows can load the module, and is refused with the other systems that have none of these locks."""


def missing() -> str | None:
    """What this machine lacks, or None."""
    if _libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1) < 1:
        return f"its kernel {os.uname().release} has no Landlock ({os.strerror(ctypes.get_errno())})"
    if _libc.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) < 0:
        return f"its kernel {os.uname().release} has no seccomp filters"
    return None


def enter_own_root(folder: str, readable: list[str], size_bytes: int, files: int) -> bool:
    """From now on this process sees a root that holds `readable` (folders, without `INSTALLED`) and an empty `folder`.

    Both have their old paths. The root lies in memory, takes `size_bytes` and `files` in all, and is gone with the
    process. Returns whether the user is counted by himself from now on, as in a user namespace. Raises `OSError` where
    the machine forbids a root of its own; the process must then end.
    """
    counted_alone = _leave_mounts_of_the_machine()
    _mount("tmpfs", folder, "tmpfs", _NO_SUID | _NO_DEVICES | _NO_EXEC, f"mode=755,size={size_bytes},nr_inodes={files}")
    for path in readable:
        inside = folder + path
        os.makedirs(inside)
        _mount(path, inside, None, _BIND | _RECURSIVE, None)
        _mount(
            None, inside, None, _BIND | _REMOUNT | _READ_ONLY | _NO_SUID | _NO_DEVICES | _flags_to_keep(inside), None
        )
        for name in INSTALLED:
            if os.path.isdir(os.path.join(inside, name)):
                _mount("tmpfs", os.path.join(inside, name), "tmpfs", _READ_ONLY, "mode=555,size=4096,nr_inodes=1")
    os.makedirs(folder + folder)
    os.chdir(folder)
    _checked("pivot_root", _libc.syscall(_PIVOT_ROOT[os.uname().machine], b".", b"."))
    _checked("umount2", _libc.umount2(b".", _DETACH))
    os.chdir(folder)
    return counted_alone


def _leave_mounts_of_the_machine() -> bool:
    """Root needs mounts of its own for that; everybody else a user namespace too, in which he may make them."""
    if needs_user_namespace := _libc.unshare(_NEW_MOUNTS) < 0:
        user, group = os.geteuid(), os.getegid()
        _checked("unshare", _libc.unshare(_NEW_USER | _NEW_MOUNTS))
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    _mount(None, "/", None, _RECURSIVE | _PRIVATE, None)
    return needs_user_namespace


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _flags_to_keep(path: str) -> int:
    return os.statvfs(path).f_flag & _NO_EXEC  # within a user namespace a restriction may not be taken away


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None) -> None:
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
    result = _libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3])
    _checked(f"mount {target}", result)


def drop_rights(folder: str, readable: list[str], parent: int) -> bool:
    """Give up every capability for good; root becomes a user without an account where that user can read `readable`.

    The process ends with its parent. Returns whether it is alone under its user, so that threads can be counted.
    Raises `OSError` if a capability stays.
    """
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break  # past the last one, or an ordinary user's process, which has none to give up
    alone = _become_nobody(folder, readable)
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header, none = struct.pack("<Ii", _CAPABILITIES_VERSION_3, 0), bytes(24)
    _checked("capset", _libc.capset(header, none))
    left = ctypes.create_string_buffer(24)
    _checked("capget", _libc.capget(header, left))
    if left.raw != none:
        raise OSError(f"capabilities stay: {left.raw.hex()}")
    _checked("prctl", _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked("prctl", _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0))
    if os.getppid() != parent:
        raise OSError("the process that wanted the program has ended")
    return alone


def _become_nobody(folder: str, readable: list[str]) -> bool:
    if os.geteuid() != 0 or not all(_others_can_read(path) for path in [os.path.dirname(folder), *readable]):
        return False
    user = _FIRST_OWN_USER + os.getpid() % _OWN_USERS
    try:
        os.setgroups([])
        os.chown(folder, user, user)
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    except OSError:  # a container may know fewer users, or forbid it; the capabilities go all the same
        return False
    return True


def _others_can_read(path: str) -> bool:
    if not os.stat(path).st_mode & 0o004:
        return False
    while os.stat(path).st_mode & 0o001:  # and go through each folder above
        if path == os.path.dirname(path):
            return True
        path = os.path.dirname(path)
    return False


def lock_files(own_folder: str, readable: list[str], own_root: bool) -> None:
    """From now on this process can read `readable` without `INSTALLED`, read and write `own_folder`, and no more.

    An own root has nothing installed in it, so `readable` is granted as a whole there.
    """
    version = _libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    rights = _RIGHTS_BY_ABI[min(version, max(_RIGHTS_BY_ABI))]
    attributes = struct.pack("<Q", rights)
    if version >= 4:
        attributes += struct.pack("<Q", _NETWORK_RIGHTS)
    if version >= 6:
        attributes += struct.pack("<Q", _SCOPES)
    ruleset = _checked("landlock_create_ruleset", _libc.syscall(_LANDLOCK_CREATE, attributes, len(attributes), 0))
    _grant(ruleset, own_folder, rights & _OWN_FOLDER)
    for path in readable:
        _grant(ruleset, path, _READ_FOLDER | _READ_FILE if own_root else _READ_FOLDER)
        if own_root:
            continue
        # A rule holds for all that lies below, so what is installed below is left out by naming its neighbours.
        for entry in os.scandir(path):
            if entry.name not in INSTALLED and not entry.is_symlink():
                _grant(ruleset, entry.path, _READ_FILE | _READ_FOLDER if entry.is_dir() else _READ_FILE)
    _checked("landlock_restrict_self", _libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0))
    os.close(ruleset)


def _grant(ruleset: int, path: str, rights: int) -> None:
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    rule = struct.pack("<Qi", rights, parent)
    _checked("landlock_add_rule", _libc.syscall(_LANDLOCK_ADD, ruleset, 1, rule, 0))
    os.close(parent)


def lock_calls(program: bytes) -> None:
    """From now on the seccomp filter `program` (8 bytes for each line) decides on every system call."""
    buffer = ctypes.create_string_buffer(program, len(program))

    class FilterProgram(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    filters = FilterProgram(len(program) // 8, ctypes.addressof(buffer))
    _checked("prctl", _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked("seccomp", _libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(filters), 0, 0))


def _checked(call: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result
