"""What is written is true: commands, links, generated pages, lists."""

import importlib.util
import re
import shlex
import subprocess
import sys

import pytest

from problemsolving import __version__


def documents(root):
    return [*root.glob("*.md"), *(root / "docs").rglob("*.md")]


def test_generated_reference_is_up_to_date(root):
    spec = importlib.util.spec_from_file_location("make_reference", root / "scripts/make_reference.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for name, write in script.PAGES.items():
        assert (root / "docs/reference" / name).read_text("utf-8") == write(), f"run make docs ({name})"


def test_links_inside_lead_somewhere(root):
    broken = []
    for page in documents(root):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
            if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(root)}: {target}")
    assert broken == []


def test_readme_names_targets_and_commands_that_exist(root):
    from problemsolving.cli import main

    text = (root / "README.md").read_text("utf-8")
    makefile = (root / "Makefile").read_text("utf-8")
    for target in re.findall(r"(?:`|^)make ([a-z]+)\b", text, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for command in re.findall(r"^problemsolving ([a-z]+)", text, re.MULTILINE):
        assert command in main.commands, command


def readme_blocks(root, tag):
    return re.findall(rf"```{tag}\n(.*?)```", (root / "README.md").read_text("utf-8"), re.DOTALL)


def test_readme_python_runs(root, tmp_path):
    blocks = readme_blocks(root, "python")
    assert blocks
    for block in blocks:
        ran = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, cwd=tmp_path, check=False)
        assert ran.returncode == 0, ran.stderr


def test_readme_shell_commands_run(root, tmp_path):
    """Every line of the block marked for it, one after another, in an empty folder."""
    (block,) = readme_blocks(root, "console")
    lines = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    assert len(lines) >= 3
    for line in lines:
        ran = subprocess.run(
            [sys.executable, "-m", *shlex.split(line)], capture_output=True, text=True, cwd=tmp_path, check=False
        )
        assert ran.returncode == 0, f"{line}: {ran.stderr}"


def test_changelog_and_citation_know_the_version(root):
    assert f"## {__version__}" in (root / "CHANGELOG.md").read_text("utf-8")
    assert f"version: {__version__}" in (root / "CITATION.cff").read_text("utf-8")
    assert f'version = "{__version__}"' in (root / "pyproject.toml").read_text("utf-8")
    template = (root / "templates/problem-profile/{{cookiecutter.__folder}}/.template/template.json").read_text("utf-8")
    assert f'"version": "{__version__}"' in template


@pytest.mark.parametrize("word", ["driver", "contact", "referral", "tie", "harm", "response"])
def test_glossary_has_the_fields_words(root, word):
    assert f"**{word}**" in (root / "GLOSSARY.md").read_text("utf-8")


def test_no_host_of_a_registry_is_named(root):
    parts = ["py" + "pi.org", "python" + "hosted", "registry.np" + "mjs", "deb.deb" + "ian", "conda.ana" + "conda"]
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=root, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    texts = [(name, (root / name).read_bytes()) for name in tracked if (root / name).is_file()]
    assert [name for name, text in texts if any(part.encode() in text for part in parts)] == []
