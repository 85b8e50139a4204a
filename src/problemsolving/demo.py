"""The whole way once: a simulated partnership, a profile, its run and its page."""

from __future__ import annotations

from pathlib import Path

from problemsolving.notebooks.run import Say
from problemsolving.notebooks.template import new_profile
from problemsolving.report.page import run_and_publish
from problemsolving.simulate.partnership import simulate_partnership


def run_demo(folder: Path, *, progress: bool = False, say: Say = lambda _: None) -> Path:
    """Make a simulated partnership in a folder, build a profile with the template, run it, write its page.

    Parameters
    ----------
    folder : pathlib.Path
        Made if missing; running again adds a run.
    progress : bool
        Show a bar for each notebook.
    say : callable
        Told in a line what goes on.

    Returns
    -------
    pathlib.Path
        The page.
    """
    say("profile: made from the template problem-profile")
    profile = new_profile({}, folder=folder, replace=True)
    say("data: a simulated partnership, no real person, place or agency")
    simulate_partnership(profile / "data")
    return run_and_publish(profile, progress=progress, say=say) / "released" / "index.html"
