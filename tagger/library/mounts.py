"""Whether a folder lies on another machine, whose changes the system does not tell of."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_REMOTE = {
    "9p", "afpfs", "afs", "ceph", "cifs", "davfs", "fuse.davfs2", "fuse.glusterfs", "fuse.rclone",
    "fuse.sshfs", "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs", "vboxsf",
    "virtiofs", "webdav",
}  # fmt: skip
_DRIVE_REMOTE = 4
"""What Windows' GetDriveTypeW returns for a network drive."""

MOUNTS = Path("/proc/self/mountinfo")


def is_remote(folder: str, mounts: Path = MOUNTS) -> bool:
    """Say whether a folder lies on a network share or a host's shared folder.

    Args:
        folder: absolute, without symbolic links.
        mounts: Linux's table of mounts; other systems have none.
    """
    if sys.platform == "win32":
        import ctypes

        drive = os.path.splitdrive(folder)[0]
        kind = ctypes.windll.kernel32.GetDriveTypeW(drive + "\\")
        return drive.startswith("\\\\") or kind == _DRIVE_REMOTE
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return False
    best, kind = "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        point = _unescaped(fields[4])
        inside = folder == point or folder.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind in _REMOTE


def _unescaped(point: str) -> str:
    """Undo the octal escapes of spaces, tabs, line ends and backslashes."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, character)
    return point
