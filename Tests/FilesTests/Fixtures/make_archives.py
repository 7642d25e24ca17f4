"""Writes the archives in three formats that the tests of TarFile read.

    python make_archives.py

with Python 3.11.
"""

import io
import pathlib
import tarfile

folder = pathlib.Path(__file__).parent
long_name = "deep/" * 30 + "é.txt"
for name, kind in {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}.items():
    with tarfile.open(folder / f"{name}.tar", "w", format=kind) as archive:
        names = ["0001.jpg", "0001.txt", "a/0002.seg.PNG", "a/0002.txt", "README", "long/" * 25 + "0003.txt"]
        for name_in_archive in names + ([] if name == "ustar" else [long_name]):
            member = tarfile.TarInfo(name_in_archive)
            content = name_in_archive.encode() * (40 if name_in_archive == "0001.jpg" else 1)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        directory = tarfile.TarInfo("b")
        directory.type = tarfile.DIRTYPE
        archive.addfile(directory)
        link = tarfile.TarInfo("b/link.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "x" * (150 if name != "ustar" else 10)
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("b/empty.txt"))
