"""``register.yml``: every fault at once, by place and not by what it says."""

import pytest

from problemsolving.errors import ParameterError
from problemsolving.sara.scan.ranked import read_ratings, scales_of_register

GOOD = {"problem": "Violence", "aspect": "likelihood", "score": "4", "evidence": "counts", "rater": "police"}


def test_ratings_are_read_as_typed_and_an_empty_score_stays_empty():
    frame = read_ratings({"ratings": [GOOD, GOOD | {"score": "", "rater": "health"}]})
    assert frame["score"].tolist()[0] == 4 and frame["score"].isna().tolist() == [False, True]
    assert read_ratings({}).empty and read_ratings({"ratings": []}).empty


def test_all_faults_at_once_and_no_word_of_an_entry():
    bad = [GOOD | {"aspect": "liklihood"}, GOOD | {"score": "9"}, "words", {"problem": "x"}, GOOD | {"sore": "1"}]
    with pytest.raises(ParameterError) as caught:
        read_ratings({"ratings": bad})
    text = str(caught.value)
    assert len(caught.value.faults) == 6 and "did you mean" in text
    assert "liklihood" not in text and "Violence" not in text
    with pytest.raises(ParameterError, match="cannot be read"):
        read_ratings({"ratings": "none"})


def test_every_aspect_has_a_scale_of_five_steps():
    scales = scales_of_register()
    assert {scale.part for scale in scales.values()} == {"impact", "likelihood", "vulnerability", "confidence"}
    assert all(len(set(scale.meanings.values())) == 5 for scale in scales.values())
