"""Make the worked profiles in analyses/ from the template: the same bytes each time."""

import sys
import tempfile
from pathlib import Path

from problemsolving.notebooks.template import new_profile

ROOT = Path(__file__).resolve().parents[1]
NONE = dict.fromkeys(("response_start", "response_areas", "comparison_areas", "buffer_areas"), "none")
PROFILES: dict[str, dict[str, str]] = {
    "simulated-partnership": {},
    "bedfordshire-violence": {
        "slug": "bedfordshire-violence",
        "title": "Violence and sexual offences in Bedfordshire",
        "area_name": "Bedford, Luton and Central Bedfordshire",
        "district_codes": "E06000055, E06000032, E06000056",
        "benchmark_areas": "E06000055, E06000032, E06000056",
        "partner_agencies": "council, public-health, icb, nhs-trust, emergency-department, mental-health-trust, voluntary, violence-reduction-unit",
        "baseline_start": "2021-05",
        "baseline_end": "2022-04",
        "follow_up_start": "2022-05",
        "follow_up_end": "2023-04",
        "policy": "open",
        **NONE,
    },
}


LEFT_OUT = ("data", "runs", "releases", ".cache", ".history", ".ipynb_checkpoints")


def files_of(profile: Path) -> dict[str, bytes]:
    """Give a profile's files, data and runs left out."""
    return {
        path.relative_to(profile).as_posix(): path.read_bytes()
        for path in sorted(profile.rglob("*"))
        if path.is_file() and path.relative_to(profile).parts[0] not in LEFT_OUT
    }


def made() -> dict[str, dict[str, bytes]]:
    """Make every profile in a folder of its own and give its files."""
    with tempfile.TemporaryDirectory() as folder:
        return {slug: files_of(new_profile(answers, folder=Path(folder))) for slug, answers in PROFILES.items()}


def main() -> int:
    for slug, answers in PROFILES.items():
        print(new_profile(answers, folder=ROOT / "analyses", replace=True).relative_to(ROOT), slug)
    return 0


if __name__ == "__main__":
    sys.exit(main())
