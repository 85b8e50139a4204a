"""Zip archives: what could harm is refused before anything is written, all of it at once."""

import io
import stat
import struct
import warnings
import zipfile

import pytest

from problemsolving.errors import FetchError
from problemsolving.fetch.archives import Limits, inspect_archive, unpack


def member(name, *, mode=None, system=3):
    info = zipfile.ZipInfo("placeholder")
    info.filename = info.orig_filename = name
    info.create_system = system
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0 if mode is None else mode << 16
    return info


def packed(tmp_path, *members, name="a.zip"):
    path = tmp_path / name
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")  # duplicate names are the point of one case
        for info, content in members:
            archive.writestr(info, content)
    return path


def files(tmp_path, *names):
    return packed(tmp_path, *((member(name), b"x") for name in names))


def refused(path):
    with pytest.raises(FetchError, match=r"refused|not a whole zip") as told:
        inspect_archive(path)
    return "\n".join(told.value.faults)


def test_harmless_archives_pass(tmp_path):
    path = packed(
        tmp_path,
        (member("2021-05/", mode=stat.S_IFDIR | 0o755), b""),
        (member("2021-05/a.csv", mode=stat.S_IFREG | 0o644), b"1,2\r\n"),
        (member("2021-05/b.csv"), b""),
        (member("Größe.csv"), b"x" * 500),
    )
    assert inspect_archive(path) == ("2021-05/a.csv", "2021-05/b.csv", "Größe.csv")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../x.csv", 'a part ".."'),
        ("a/../../x.csv", 'a part ".."'),
        ("a/./x.csv", 'a part ".."'),
        ("a//x.csv", 'a part ".."'),
        ("/etc/x.csv", "absolute"),
        ("C:/x.csv", "absolute"),
        ("c:x.csv", "absolute"),
        ("//server/share/x.csv", "absolute"),
        ("..\\x.csv", "backslash"),
        ("a\\x.csv", "backslash"),
        ("\\\\server\\x.csv", "backslash"),
        ("CON", "Windows"),
        ("a/nul.csv", "Windows"),
        ("com1.txt", "Windows"),
        ("COM¹", "Windows"),
        ("a/x.csv.", "Windows"),
        ("a /x.csv", "Windows"),
        ("x.csv:stream", "Windows"),
        ("a?.csv", "Windows"),
        ("x\n.csv", "control"),
        ("x\x1b[31m.csv", "control"),
        ("vsc.\u202excod", "control"),
        ("\u200b.csv", "control"),
        ("a/" * 130 + "x.csv", "too long"),
        ("ü" * 140 + ".csv", "too long"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path, name, words):
    faults = refused(files(tmp_path, "good.csv", name))
    assert words in faults and "good.csv" not in faults and "\x1b" not in faults and "\u202e" not in faults


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a.csv", "a.csv"),
        ("a.csv", "A.CSV"),
        ("Straße.csv", "STRASSE.csv"),
        ("caf\u00e9.csv", "cafe\u0301.csv"),
        ("\ufb01le.csv", "file.csv"),
        ("d/a.csv", "D/a.csv"),
    ],
)
def test_names_that_fall_together_are_refused(tmp_path, first, second):
    assert "stand under one name" in refused(files(tmp_path, first, second))


def test_a_file_cannot_be_a_folder_too(tmp_path):
    assert "below a file" in refused(files(tmp_path, "a", "A/b.csv"))


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFDIR])
def test_links_pipes_and_devices_are_refused(tmp_path, mode):
    for system in (3, 0):
        path = packed(tmp_path, (member("x.csv", mode=mode | 0o644, system=system), b"/etc/passwd"))
        assert "special file" in refused(path)


def test_a_windows_link_is_refused(tmp_path):
    info = member("x.csv", system=0)
    info.external_attr = 0x400
    assert "special file" in refused(packed(tmp_path, (info, b"target")))


def test_a_folder_with_content_is_refused(tmp_path):
    assert "folder with content" in refused(packed(tmp_path, (member("a/"), b"content")))


def test_every_fault_is_told_at_once(tmp_path):
    faults = refused(files(tmp_path, "../a", "b\\c", "nul", "d", "D"))
    assert len(faults.splitlines()) >= 4


def bomb(size):
    return (member("bomb.csv"), bytes(size))


def test_bombs_are_refused_by_ratio_size_total_and_count(tmp_path):
    assert "grows more than 100 times" in refused(packed(tmp_path, bomb(5_000_000)))
    path = packed(tmp_path, *((member(f"{place}.csv"), bytes(900)) for place in range(30)))
    for limits, words in (
        (Limits(members=29), "30 members, more than 29"),
        (Limits(member=800), "declares 900 bytes, more than 800"),
        (Limits(total=26_999), "unpacks to 27,000 bytes, more than 26,999"),
        (Limits(directory=100), "its directory has"),
    ):
        with pytest.raises(FetchError) as told:
            inspect_archive(path, limits=limits)
        assert words in "\n".join(told.value.faults)
    assert len(inspect_archive(path, limits=Limits(members=30, member=900, total=27_000))) == 30


def patched(path, name, *, size=None, flags=None, method=None, offset=None):
    """Change what the directory at the end declares of one member."""
    raw = bytearray(path.read_bytes())
    at = raw.rfind(b"PK\x01\x02", 0, raw.rfind(name.encode()))
    if flags is not None:
        struct.pack_into("<H", raw, at + 8, flags)
    if method is not None:
        struct.pack_into("<H", raw, at + 10, method)
    if size is not None:
        struct.pack_into("<I", raw, at + 24, size)
    if offset is not None:
        struct.pack_into("<I", raw, at + 42, offset)
    path.write_bytes(raw)
    return path


def test_encrypted_and_odd_compressions_are_refused(tmp_path):
    assert "encrypted" in refused(patched(files(tmp_path, "a.csv"), "a.csv", flags=1))
    assert "compression" in refused(patched(files(tmp_path, "a.csv"), "a.csv", method=14))


def test_members_that_share_their_bytes_are_refused(tmp_path):
    path = packed(tmp_path, *((member(f"{place}.csv"), bytes(range(200))) for place in range(3)))
    assert "shares its bytes" in refused(patched(path, "2.csv", offset=0))


@pytest.mark.parametrize("size", [3, 400_000])
def test_a_size_that_lies_leaves_nothing(tmp_path, size):
    """The directory declares less, or more, than comes out."""
    content = bytes(range(256)) * 400
    path = patched(packed(tmp_path, (member("good.csv"), b"x"), (member("a.csv"), content)), "a.csv", size=size)
    with pytest.raises(FetchError, match="damaged or not what the archive declares"):
        unpack(path, {"good.csv": "good.csv", "a.csv": "a.csv"}, tmp_path / "out" / "new")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_directory_larger_than_it_says_does_not_fool_the_limit(tmp_path):
    """The end record tells of a small directory; the 64-bit record before it, which zipfile believes, of all of it."""
    path = packed(tmp_path, *((member(f"{place:04}.csv"), b"") for place in range(300)))
    raw = path.read_bytes()
    end = raw.rfind(b"PK\x05\x06")
    size, offset = struct.unpack_from("<II", raw, end + 12)
    large = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 300, 300, size, offset)
    where = struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
    path.write_bytes(raw[:end] + large + where + raw[end : end + 12] + struct.pack("<I", 46) + raw[end + 16 :])
    assert len(zipfile.ZipFile(path).infolist()) == 300
    assert len(inspect_archive(path)) == 300
    with pytest.raises(FetchError) as told:
        inspect_archive(path, limits=Limits(directory=size - 1))
    assert told.value.faults == (f"its directory has {size:,} bytes, more than {size - 1:,}",)


@pytest.mark.parametrize("cut", [10, 40, 300])
def test_truncated_archives_are_refused(tmp_path, cut):
    path = files(tmp_path, "a.csv", "b.csv", "c.csv")
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(FetchError, match="not a whole zip archive"):
        inspect_archive(path)


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"PK\x03\x04" * 50, bytes(100), b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(FetchError):
        inspect_archive(tmp_path / "x.zip")


def test_damaged_content_leaves_nothing(tmp_path):
    path = packed(tmp_path, (member("a.csv"), bytes(range(256)) * 40), (member("b.csv"), b"x"))
    raw = bytearray(path.read_bytes())
    raw[80] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(FetchError, match="damaged"):
        unpack(path, {"b.csv": "b.csv", "a.csv": "a.csv"}, tmp_path / "out" / "new")
    assert list((tmp_path / "out").iterdir()) == []


def test_chosen_members_are_unpacked_all_at_once(tmp_path):
    path = packed(tmp_path, (member("d/a.csv", mode=0o100777), b"1"), (member("d/b.csv"), b"2"))
    assert unpack(path, {"d/a.csv": "x/y/a.csv"}, tmp_path / "new") == [tmp_path / "new/x/y/a.csv"]
    assert (tmp_path / "new/x/y/a.csv").read_bytes() == b"1"
    assert sorted(found.name for found in tmp_path.iterdir()) == ["a.zip", "new"]
    assert not (tmp_path / "new/x/y/a.csv").stat().st_mode & 0o111


def test_two_members_for_one_name_are_refused(tmp_path):
    path = files(tmp_path, "d/a.csv", "e/A.csv")
    with pytest.raises(FetchError, match="refused") as told:
        unpack(path, {"d/a.csv": "a.csv", "e/A.csv": "A.csv"}, tmp_path / "new")
    assert "one name" in told.value.faults[0] and not (tmp_path / "new").exists()


@pytest.mark.parametrize("target", ["../a.csv", "/a.csv", "C:a.csv", "nul"])
def test_targets_keep_to_the_folder(tmp_path, target):
    with pytest.raises(FetchError):
        unpack(files(tmp_path, "a.csv"), {"a.csv": target}, tmp_path / "new")
    assert sorted(found.name for found in tmp_path.iterdir()) == ["a.zip"]


def test_a_folder_that_exists_and_a_member_that_does_not_are_refused(tmp_path):
    path = files(tmp_path, "a.csv")
    with pytest.raises(FetchError, match="exists already"):
        unpack(path, {"a.csv": "a.csv"}, tmp_path)
    with pytest.raises(FetchError) as told:
        unpack(path, {"b.csv": "b.csv"}, tmp_path / "new")
    assert "not in the archive" in told.value.faults[0]


def test_members_with_64_bit_sizes_are_read(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive, archive.open("a.csv", "w", force_zip64=True) as inside:
        inside.write(b"1,2\n")
    (tmp_path / "a.zip").write_bytes(stream.getvalue())
    assert inspect_archive(tmp_path / "a.zip") == ("a.csv",)
