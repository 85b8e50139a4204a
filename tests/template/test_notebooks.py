"""The four notebooks: prose, calls and pictures, no code of their own."""

import ast
import json
import re

import pytest

from problemsolving.answers import PARAMETERS
from problemsolving.notebooks.parameters import notebook_parameters, stage_notebooks
from problemsolving.resources import resource_path

FOLDER = resource_path("templates/problem-profile") / "{{cookiecutter.__folder}}"
PATHS = list(stage_notebooks(FOLDER).values())


def cells(path, kind):
    return [
        ("".join(cell["source"]), cell["metadata"].get("tags", []))
        for cell in json.loads(path.read_text("utf-8"))["cells"]
        if cell["cell_type"] == kind
    ]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
class TestNotebook:
    def test_is_clean_and_valid(self, path):
        import nbformat

        nbformat.validate(nbformat.read(path, as_version=4))
        raw = json.loads(path.read_text("utf-8"))
        code = [cell for cell in raw["cells"] if cell["cell_type"] == "code"]
        assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)

    def test_code_cells_are_few_and_short(self, path):
        code = cells(path, "code")
        assert len(code) <= 20
        assert all(len(source.splitlines()) <= 10 for source, tags in code if "parameters" not in tags)

    def test_holds_no_definition_and_no_template_code(self, path):
        for source, _ in cells(path, "code"):
            assert not [
                node
                for node in ast.walk(ast.parse(source))
                if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda)
            ]
            assert "{{" not in source and "{%" not in source

    def test_takes_every_parameter_and_passes_it_on(self, path):
        assert list(notebook_parameters(path)) == list(PARAMETERS) and set(notebook_parameters(path).values()) == {""}
        opening = next(source for source, _ in cells(path, "code") if "open_study(" in source)
        call = next(node for node in ast.walk(ast.parse(opening)) if isinstance(node, ast.Call))
        assert [(word.arg, word.value.id) for word in call.keywords] == [(name, name) for name in PARAMETERS]

    def test_every_question_is_one_call_into_the_stage(self, path):
        """One call a question; questions that are read together share a cell, which displays each finding."""
        stage = path.stem.split("_")[1]
        questions = [
            source
            for source, tags in cells(path, "code")
            if "parameters" not in tags and "open_study(" not in source and source != "study"
        ]
        one = rf"{stage}\.[a-z_]+\(study\)"
        several = rf"display\({one}(, {one}){{1,2}}\)|display\(\*{one}\)"
        assert questions and all(re.fullmatch(rf"{one}|{several}", source) for source in questions)
        called = re.findall(one, "\n".join(questions))
        assert len(called) == len(set(called))

    def test_has_prose_for_the_page(self, path):
        assert [source for source, tags in cells(path, "markdown") if "page" in tags]
