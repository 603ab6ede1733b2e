"""The kind of file system that a file is on."""

import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")
# SQLite's locks and its shared memory work only on one machine, and these file systems may be shared by several.
_NETWORK = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|9p|afs|ceph|glusterfs|lustre|gfs2?|ocfs2|beegfs|ncpfs|davfs2?|vboxsf|virtiofs|"
    r"fuse\.(?:sshfs|glusterfs|ceph.*|s3fs|rclone|davfs2?|gcsfuse|blobfuse2?|juicefs|nfs.*|smb.*|vmhgfs-fuse)"
)


def network_filesystem(path: Path, mounts: Path = _MOUNTS) -> str | None:
    """Return the kind of network file system that *path* is on, such as `nfs4`; `None` if it is on a local one.

    Args:
        path: The file; it need not exist.
        mounts: Linux's table of mounts. Without it, as on other systems, the result is `None`.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    resolved = path.resolve()
    kind, depth = "", 0
    for line in lines:
        # A later mount at the same place hides an earlier one.
        point, name = _mount(line)
        if resolved.is_relative_to(point) and len(point.parts) >= depth:
            kind, depth = name, len(point.parts)
    return kind if _NETWORK.fullmatch(kind) else None


def _mount(line: str) -> tuple[Path, str]:
    """Return the mount point and the kind from one line, as in `proc(5)`: the kind is the first field after ` - `."""
    before, _, behind = line.partition(" - ")
    point = _ESCAPED.sub(lambda found: chr(int(found[1], 8)), before.split(" ")[4])
    return Path(point), behind.split(" ")[0]
