"""A network of one's own: nothing but loopback, and nobody who makes an interface appear or go in it."""

import ctypes
import errno
import fcntl
import os
import socket
import struct

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
IFREQ = struct.Struct("16sH22x")


def leave_shared():
    """Give this process and what it starts from now on such a network; False, and nothing changed, where that is not allowed.
    Call it before any thread is there: the others would stay behind."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        if code in (errno.EPERM, errno.EINVAL, errno.ENOSYS):
            return False
        raise OSError(code, os.strerror(code))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, IFREQ.pack(b"lo", IFF_UP))
    return True
