"""Keep pristine notebooks in .template and drop the sharing records of data the profile does not use."""

import shutil
from pathlib import Path

SIMULATED = "E06999" in {{ cookiecutter.district_codes | jsonify }}
UNUSED = (
    ("area-changes", "stops")
    if SIMULATED
    else ("agencies", "coded-demand", "contacts", "referrals", "responses", "ties", "weights")
)

for notebook in sorted(Path().glob("0*.ipynb")):
    shutil.copyfile(notebook, Path(".template") / notebook.name)
for name in UNUSED:
    Path("sharing", f"{name}.yml").unlink()
