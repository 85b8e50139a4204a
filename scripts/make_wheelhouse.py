"""Collect wheels for a machine without internet: the lock's, for Windows and Linux, and the package's own."""

import re
import subprocess
import sys
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ("3.12",)
PLATFORMS = {
    "windows": (
        ["win_amd64"],
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
    ),
    "linux": (
        ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"],
        {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    ),
}


def locked() -> list[tuple[Requirement, str]]:
    """Read the lock: each requirement and its line with hashes."""
    text = (ROOT / "requirements.lock").read_text("utf-8").replace("\\\n", " ")
    lines = [
        line.split(" #")[0].strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    return [(Requirement(line.split("--hash")[0].strip()), line) for line in lines]


def for_platform(name: str, version: str) -> list[str]:
    """Give the lock's lines that a platform needs, without their markers (pip would judge them by this machine)."""
    environment = {
        **default_environment(),
        **PLATFORMS[name][1],
        "python_version": version,
        "python_full_version": f"{version}.0",
    }
    chosen = []
    for requirement, line in locked():
        if requirement.marker is None or requirement.marker.evaluate(environment):
            pinned, *hashes = re.split(r"\s+(?=--hash)", line)
            chosen.append(" ".join([pinned.split(";")[0].strip(), *hashes]))
    return chosen


def main() -> None:
    for name, (tags, _) in PLATFORMS.items():
        for version in VERSIONS:
            folder = ROOT / "wheelhouse" / f"{name}-python{version}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "requirements.txt").write_text("\n".join(for_platform(name, version)) + "\n", "utf-8")
            tag_words = [word for tag in tags for word in ("--platform", tag)]
            pip = [sys.executable, "-m", "pip"]
            subprocess.run(
                [
                    *pip,
                    "download",
                    "--quiet",
                    "--no-deps",
                    "--require-hashes",
                    "--only-binary=:all:",
                    "--implementation",
                    "cp",
                    "--python-version",
                    version,
                    *tag_words,
                    "-d",
                    str(folder),
                    "-r",
                    str(folder / "requirements.txt"),
                ],
                check=True,
            )
            subprocess.run([*pip, "wheel", "--quiet", "--no-deps", "-w", str(folder), str(ROOT)], check=True)
            print(f"{folder.relative_to(ROOT)}: {len(list(folder.glob('*.whl')))} wheels")
            print(f"  there: python -m pip install --no-index --find-links {folder.name} problemsolving")


if __name__ == "__main__":
    main()
