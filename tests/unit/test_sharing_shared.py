"""The full sharing record: one valid record, one fault at a time, each refused with its own words."""

import datetime as dt
import hashlib
import itertools
import json
import random
import re

import pytest

from problemsolving.dictionary.codelists import codelist
from problemsolving.dictionary.schema import names, source
from problemsolving.errors import ParameterError, SharingError
from problemsolving.governance.drafts import draft_record
from problemsolving.governance.gateways import loaded_fields
from problemsolving.governance.permissions import (
    check_link,
    lowest_area_in_force,
    may_leave_by,
    permission_proof,
    permitted_policy,
    policy_in_force,
)
from problemsolving.governance.policies import get_policy
from problemsolving.governance.sharing import read_sharing_record
from problemsolving.governance.terms import PermittedOutputs, SharedRecord
from problemsolving.loading import check_sharing, draft_sharing
from problemsolving.notebooks.check import check_profile
from problemsolving.problem import read_problem
from problemsolving.study import open_study

TODAY = dt.date(2026, 6, 1)
EVERYONE = [
    "police", "council", "public-health", "mental-health-trust", "emergency-department", "housing",
    "drug-alcohol-service", "voluntary",
]  # fmt: skip


def patients():
    """A valid record: contacts of people with a mental health trust."""
    return {
        "dataset": "contacts",
        "kind": "shared",
        "source": "simulated-contacts",
        "delivery": {"series": "Contacts, one file a month", "cadence": "monthly"},
        "source_agency": "mental-health-trust",
        "receiving_agencies": EVERYONE,
        "controllers": ["mental-health-trust", "public-health"],
        "purposes": [{"code": "problem-profile", "text": "Where and when people in crisis meet services"}],
        "regime": "uk-gdpr",
        "lawful_basis": "article-6-1-e",
        "confidentiality_basis": "Support under section 251",
        "caldicott_approval": {"by": "A Guardian", "on": "2026-01-10"},
        "special_category_condition": "article-9-2-h",
        "offence_data_condition": "none",
        "legal_gateway": "section-251-regulation-5",
        "fields": [{"name": name, "why": "Waits"} for name in loaded_fields(source("simulated-contacts"))],
        "level": "person",
        "dpia": {"reference": "DPIA 12", "on": "2026-01-05"},
        "retention_until": "2028-01-31",
        "review_on": "2027-01-31",
        "permitted_outputs": {
            "policy": "opensafely", "threshold": "8", "rounding": "5", "lowest_area": "small-area",
        },
        "requester": "R Analyst",
        "approver": "A Director",
        "approved_on": "2026-01-15",
        "statistics_only": "true",
        "linkable_to": "referrals",
    }  # fmt: skip


def offences():
    """A valid record: incidents collected by the police for investigation, used for a problem profile."""
    return patients() | {
        "dataset": "incidents",
        "source": "simulated-incidents",
        "source_agency": "police",
        "controllers": ["police"],
        "regime": "dpa-2018-part-3",
        "collected_for": "crime-investigation",
        "authorised_by_law": "Crime and Disorder Act 1998 ss.5, 6 and 115",
        "confidentiality_basis": "none",
        "caldicott_approval": "none",
        "special_category_condition": "article-9-2-g-unlawful-acts",
        "offence_data_condition": "official-authority",
        "legal_gateway": "crime-and-disorder-s115",
        "fields": [{"name": name, "why": "Counts"} for name in loaded_fields(source("simulated-incidents"))],
    }


def changed(record, **changes):
    """Give a record with changes; ``a__b`` reaches inside, ``None`` takes a key away."""
    record = json.loads(json.dumps(record))
    for key, value in changes.items():
        inside, *path = key.split("__")
        place, last = record, inside
        for part in path:
            place = place[int(last)] if isinstance(place, list) else place[last]
            last = part
        last = int(last) if isinstance(place, list) else last
        if value is None:
            del place[last]
        else:
            place[last] = value
    return record


def read(tmp_path, record, **use):
    path = tmp_path / "sharing" / f"{record.get('dataset', 'x')}.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record), "utf-8")
    use = {"dataset": "contacts", "source": "simulated-contacts", "purpose": "problem-profile", "today": TODAY} | use
    return read_sharing_record(path, agencies=EVERYONE, policy=use.pop("policy", "opensafely"), **use)


INCIDENTS = {"dataset": "incidents", "source": "simulated-incidents"}


def test_the_valid_records_are_read(tmp_path):
    record = read(tmp_path, patients())
    assert isinstance(record, SharedRecord) and record.linkable_to == ("referrals",)
    assert record.statistics_only is True and record.caldicott_approval.on == dt.date(2026, 1, 10)
    assert read(tmp_path, offences(), **INCIDENTS).authorised_by_law.startswith("Crime and Disorder")


S = "serious-violence-duty"
FAULTS = {
    "expired": (patients, {"retention_until": "2026-05-31", "review_on": "2026-05-31"}, "retention_until: the data had to be deleted by 2026-05-31"),
    "past review": (patients, {"review_on": "2026-05-31"}, "review_on: the review was due"),
    "review after the end": (patients, {"review_on": "2029-01-01"}, "review_on: lies after retention_until"),
    "approval in the future": (patients, {"approved_on": "2026-06-02"}, "approved_on: lies in the future"),
    "assessment in the future": (patients, {"dpia__on": "2026-06-02"}, "dpia.on: lies in the future"),
    "assessment after approval": (patients, {"dpia__on": "2026-01-16"}, "dpia.on: lies after approved_on"),
    "Caldicott in the future": (patients, {"caldicott_approval__on": "2026-06-02"}, "caldicott_approval.on: lies in the future"),
    "undeclared column": (patients, {"fields__6": None}, "columns that are not declared: kind"),
    "column the source lacks": (patients, {"fields__6__name": "diagnosis"}, "the source gives no diagnosis"),
    "column twice": (patients, {"fields__6__name": "person_id"}, "fields: name a column twice"),
    "column without why": (patients, {"fields__1__why": ""}, "fields.person_id.why: must not be empty"),
    "column without the key why": (patients, {"fields__1__why": None}, "fields.person_id.why: is missing"),
    "no column": (patients, {"fields": []}, "fields: must not be empty"),
    "purpose not covered": (patients, {"purposes__0__code": "evaluation"}, "purposes: do not cover problem-profile"),
    "purpose unknown": (patients, {"purposes__0__code": "curiosity"}, "is not in codelist purposes"),
    "purpose without words": (patients, {"purposes__0__text": " "}, "purposes.problem-profile.text: must not be empty"),
    "agency not receiving": (patients, {"receiving_agencies": EVERYONE[:-1]}, "receiving_agencies: do not name voluntary"),
    "agency unknown": (patients, {"receiving_agencies": [*EVERYONE, "polcie"]}, 'did you mean "police"'),
    "controller a stranger": (patients, {"controllers": ["prison"]}, "controllers: none of them shares or receives"),
    "approver is requester": (patients, {"approver": " r  analyst."}, "approver: is the requester"),
    "guardian is requester": (patients, {"caldicott_approval__by": "R ANALYST"}, "caldicott_approval.by: is the requester"),
    "patients under the violence duty": (patients, {"legal_gateway": S}, "does not authorise patient information (Police, Crime"),
    "personal data from health under the violence duty": (patients, {"legal_gateway": S}, "personal data held by this source_agency"),
    "people under s17A": (patients, {"legal_gateway": "crime-and-disorder-s17a"}, "carries no personal data"),
    "gateway unknown": (patients, {"legal_gateway": "goodwill"}, "is not in codelist legal-gateways"),
    "no Caldicott approval": (patients, {"caldicott_approval": "none"}, "caldicott_approval: is missing"),
    "no confidentiality basis": (patients, {"confidentiality_basis": None}, "confidentiality_basis: is missing"),
    "no special-category condition": (patients, {"special_category_condition": "none"}, "special_category_condition: is missing under the UK GDPR; special-category fields: kind"),
    "condition of the other regime": (patients, {"special_category_condition": "schedule-8-statutory"}, "special_category_condition: is missing under the UK GDPR"),
    "lawful basis of the other regime": (patients, {"lawful_basis": "part-3-section-35-2-b"}, "lawful_basis: names none under the UK GDPR"),
    "lawful basis unknown": (patients, {"lawful_basis": "because"}, "is not in codelist lawful-bases"),
    "level too low": (patients, {"level": "event"}, "its level is person"),
    "policy open for people": (patients, {"permitted_outputs__policy": "open"}, "permitted_outputs.policy: data about persons"),
    "policy unknown": (patients, {"permitted_outputs__policy": "lax"}, '"lax" is not a policy'),
    "threshold no number": (patients, {"permitted_outputs__threshold": "ten"}, "permitted_outputs.threshold: write a whole number"),
    "area unknown": (patients, {"permitted_outputs__lowest_area": "street"}, "permitted_outputs.lowest_area:"),
    "statistics and single people": (patients, {"purposes": [*patients()["purposes"], {"code": "re-identification", "text": "x"}]}, "purposes concern single people: re-identification"),
    "linked to itself": (patients, {"linkable_to": "contacts"}, "linkable_to: names its own data set"),
    "no hash and no series": (patients, {"delivery": "none"}, "sha256: is missing"),
    "hash no hash": (patients, {"sha256": ["abc"]}, "is not a SHA-256"),
    "cadence unknown": (patients, {"delivery__cadence": "often"}, "delivery.cadence:"),
    "day no day": (patients, {"review_on": "20270131"}, "review_on: is not a day"),
    "a switch that is none": (patients, {"statistics_only": "perhaps"}, "statistics_only: write true or false"),
    "approver in two alphabets": (patients, {"approver": "A Direct\u043er"}, "approver: mixes letters of two alphabets"),
    "guardian looks like the requester": (patients, {"caldicott_approval": {"by": "R \u0410nalyst", "on": "2026-01-10"}}, "caldicott_approval.by: is the requester"),
    "field unknown": (patients, {"aprover": "x"}, "aprover: is not a field of a sharing record"),
    "field missing": (patients, {"controllers": None}, "controllers: is missing"),
    "still to be decided": (patients, {"approver": "to be decided"}, "approver: is still to be decided"),
    "still to be decided inside": (patients, {"dpia__reference": "TO BE DECIDED"}, "dpia.reference: is still to be decided"),
    "regime unknown": (patients, {"regime": "gdpr"}, "regime:"),
    "another data set": (patients, {"dataset": "others"}, "dataset: is for another data set"),
    "another source": (patients, {"source": "simulated-referrals"}, "source: is for another source"),
    "Part 3 changes purpose": (offences, {"authorised_by_law": "none"}, "authorised_by_law: is missing"),
    "Part 3 without the first purpose": (offences, {"collected_for": None}, "collected_for: is missing"),
    "Part 3 outside law enforcement": (offences, {"lawful_basis": "part-3-section-35-2-b"}, "lawful_basis: names none under the UK GDPR"),
    "offences without a condition": (offences, {"offence_data_condition": "none"}, "offence_data_condition: is missing; fields that tell of offences: category"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_is_refused_in_its_own_words(tmp_path, name):
    record, change, told = FAULTS[name]
    use = INCIDENTS if record is offences else {}
    with pytest.raises(SharingError) as caught:
        read(tmp_path, changed(record(), **change), **use)
    path = f"sharing/{changed(record(), **change)['dataset']}.yml: "
    assert all(fault.startswith(path) for fault in caught.value.faults)
    assert told in str(caught.value), caught.value.faults


def test_the_record_in_the_docs_is_in_force(tmp_path, root):
    block = re.search(r"```yaml\n(.*?)```", (root / "docs/how-to/share-data.md").read_text("utf-8"), re.DOTALL)[1]
    path = tmp_path / "contacts.yml"
    path.write_text(block, "utf-8")
    record = read_sharing_record(
        path, dataset="contacts", source="simulated-contacts", purpose="problem-profile", today=TODAY,
        agencies=("police", "public-health"), policy="opensafely",
    )  # fmt: skip
    assert set(re.findall(r"^(\w+):", block, re.MULTILINE)) == set(SharedRecord.__dataclass_fields__)
    assert record.permitted_outputs.lowest_area == "district"


def test_every_day_in_force_is_inside_its_ends(tmp_path):
    record = changed(patients(), review_on="2026-06-01", retention_until="2026-06-01", approved_on="2026-06-01")
    assert read(tmp_path, record).review_on == TODAY


def test_part_3_data_used_for_what_they_were_collected_need_no_further_law(tmp_path):
    record = changed(
        offences(),
        purposes=[{"code": "crime-investigation", "text": "As collected"}],
        authorised_by_law="none",
        lawful_basis="part-3-section-35-2-b",
        special_category_condition="schedule-8-statutory",
        offence_data_condition="none",
        statistics_only="false",
    )
    assert read(tmp_path, record, **INCIDENTS, purpose="crime-investigation").regime == "dpa-2018-part-3"


def test_counts_without_people_need_neither_condition_nor_guardian(tmp_path):
    record = changed(
        patients(), dataset="population", source="simulated-population", level="aggregate", linkable_to="none",
        caldicott_approval="none", confidentiality_basis="none", special_category_condition="none", legal_gateway=S,
        fields=[{"name": name, "why": "Rates"} for name in loaded_fields(source("simulated-population"))],
    )  # fmt: skip
    use = {"dataset": "population", "source": "simulated-population"}
    assert read(tmp_path, record, **use).level == "aggregate"
    with pytest.raises(SharingError, match="nothing that tells one person from another"):
        read(tmp_path, changed(record, linkable_to="contacts"), **use)
    with pytest.raises(SharingError, match="its level is event or aggregate"):
        read(tmp_path, changed(record, level="person"), **use)


def test_all_faults_at_once_even_where_a_field_cannot_be_read(tmp_path):
    record = changed(
        patients(), approver="R Analyst", review_on="soon", legal_gateway=S, fields__0=None, caldicott_approval="none",
        permitted_outputs__threshold="0", lawful_basis="TO BE DECIDED",
    )  # fmt: skip
    with pytest.raises(SharingError) as caught:
        read(tmp_path, record)
    places = ("approver:", "review_on:", "legal_gateway:", "fields:", "caldicott_approval:", "permitted_outputs.threshold:", "lawful_basis:")  # fmt: skip
    assert [p for p in places if not any(f.startswith(f"sharing/contacts.yml: {p}") for f in caught.value.faults)] == []
    assert len(caught.value.faults) == 8  # the gateway fails twice


TOGETHER = [
    "past review", "assessment in the future", "column without why", "purpose not covered", "agency not receiving",
    "approver is requester", "no Caldicott approval", "hash no hash", "policy unknown", "field unknown",
    "lawful basis unknown", "no special-category condition", "linked to itself", "patients under the violence duty",
]  # fmt: skip


@pytest.mark.parametrize("names", list(itertools.combinations(TOGETHER, 2)), ids="+".join)
def test_no_fault_hides_another(tmp_path, names):
    merged = {key: value for name in names for key, value in FAULTS[name][1].items()}
    with pytest.raises(SharingError) as caught:
        read(tmp_path, changed(patients(), **merged))
    assert [FAULTS[name][2] for name in names if FAULTS[name][2] not in str(caught.value)] == []


@pytest.mark.parametrize("name", names("sources"))
def test_a_draft_names_every_field_and_loads_nothing(tmp_path, name):
    text = draft_record("some", name)
    path = tmp_path / "sharing" / "some.yml"
    path.parent.mkdir()
    path.write_text(text, "utf-8")
    with pytest.raises(SharingError) as caught:
        read_sharing_record(path, dataset="some", source=name, today=TODAY)
    faults = caught.value.faults
    decided = {"dataset", "kind", "source", "level", "fields", "linkable_to"}
    for key in SharedRecord.__dataclass_fields__:
        assert key in decided or any(f"some.yml: {key}" in fault for fault in faults), key
    assert all("still to be decided" in fault for fault in faults), faults
    assert [field for field in loaded_fields(source(name)) if f"some.yml: fields.{field}.why" not in str(faults)] == []


def make_shared(profile, record=None):
    path = profile / "sharing" / "contacts.yml"
    path.write_text(json.dumps(record or patients()), "utf-8")
    return path


def test_a_study_loads_under_a_shared_record_and_says_so(profile):
    make_shared(profile)
    study = open_study(profile, today=TODAY)
    (entry,) = [entry for entry in study.provenance() if entry["dataset"] == "contacts"]
    assert entry["licence"].startswith("not open") and "Mental health trust" in entry["attribution"]


def test_the_hash_of_every_file_is_compared(profile):
    right = hashlib.sha256((profile / "data/contacts.csv").read_bytes()).hexdigest()
    make_shared(profile, patients() | {"delivery": "none", "sha256": [right.upper()]})
    assert check_sharing(read_problem(profile), today=TODAY)["contacts"].sha256 == (right,)
    make_shared(profile, patients() | {"sha256": [right, "0" * 64]})
    with pytest.raises(SharingError, match="1 listed file not among the files"):
        check_sharing(read_problem(profile), today=TODAY)
    make_shared(profile, patients() | {"sha256": [right]})
    with (profile / "data/contacts.csv").open("ab") as stream:
        stream.write(b"\n")
    with pytest.raises(SharingError, match=r"does not match data/contacts\.csv"):
        open_study(profile, today=TODAY)


def test_a_column_that_nobody_agreed_to_is_refused_with_its_name_alone(profile):
    make_shared(profile)
    path = profile / "data/contacts.csv"
    lines = path.read_text("utf-8").splitlines()
    path.write_text(
        "\n".join([lines[0] + ",victim_name", *(line + ",Joe Bloggs" for line in lines[1:])]) + "\n", "utf-8"
    )
    with pytest.raises(SharingError, match=r"contacts\.csv holds columns .* does not declare: victim_name; ") as told:
        open_study(profile, today=TODAY)
    assert "Bloggs" not in str(told.value)


def test_two_files_of_one_name_are_both_compared(profile):
    one, other = profile / "data/a", profile / "data/z"
    for folder in (one, other):
        folder.mkdir()
    content = (profile / "data/contacts.csv").read_bytes()
    (other / "contacts.csv").write_bytes(content)
    (one / "contacts.csv").write_bytes(content.replace(b"P0", b"Q0"))
    text = (profile / "problem.yml").read_text("utf-8").replace("files: contacts.csv", 'files: "*/contacts.csv"')
    (profile / "problem.yml").write_text(text, "utf-8")
    make_shared(profile, patients() | {"sha256": [hashlib.sha256(content).hexdigest()]})
    with pytest.raises(SharingError, match=r"does not match a/contacts\.csv"):
        open_study(profile, today=TODAY)


def test_the_profile_states_its_purpose(profile):
    make_shared(profile)
    path = profile / "problem.yml"
    text = path.read_text("utf-8")
    path.write_text(text + "purpose: evaluation\n", "utf-8")
    with pytest.raises(SharingError, match="do not cover evaluation"):
        check_sharing(read_problem(profile), today=TODAY)
    path.write_text(text + "purpose: evaluatoin\n", "utf-8")
    with pytest.raises(ParameterError, match='did you mean "evaluation"'):
        read_problem(profile)


def test_check_tells_faults_of_sharing_and_missing_files_together(profile):
    make_shared(profile, changed(patients(), approver="R Analyst", legal_gateway=S))
    (profile / "data/incidents.csv").unlink()
    errors = check_profile(profile, {}, today=TODAY)
    told = "\n".join(map(str, errors))
    assert "approver: is the requester" in told and "patient information" in told and "incidents.csv" in told


def test_a_draft_is_written_where_no_record_is(profile):
    (profile / "sharing/contacts.yml").unlink()
    path = draft_sharing(profile, "contacts")
    assert path == profile / "sharing/contacts.yml" and "person_id" in path.read_text("utf-8")
    with pytest.raises(SharingError, match="still to be decided"):
        open_study(profile)
    with pytest.raises(SharingError, match="a record already"):
        draft_sharing(profile, "contacts")
    with pytest.raises(ParameterError, match='did you mean "contacts"'):
        draft_sharing(profile, "contact")


def outputs(policy="opensafely", threshold="8", rounding="5", area="small-area"):
    return {"policy": policy, "threshold": threshold, "rounding": rounding, "lowest_area": area}


def test_linked_data_take_the_strictest_policy(tmp_path):
    plain = read(tmp_path, patients())
    strict = read(tmp_path, changed(patients(), permitted_outputs=outputs(threshold="11", area="district")))
    wide = read(tmp_path, changed(patients(), permitted_outputs=outputs(rounding="10", area="ward")))
    policy, reason = policy_in_force("opensafely", {"a": plain})
    assert policy == get_policy("opensafely") and "as in problem.yml" in reason
    policy, reason = policy_in_force("opensafely", {"a": plain, "b": strict})
    assert (policy.suppress_to, policy.nearest) == (10, 5) and "sharing record of b " in reason
    policy, reason = policy_in_force("opensafely", {"b": strict, "c": wide})
    assert (policy.suppress_to, policy.nearest) == (10, 10) and "b and c" in reason
    policy, reason = policy_in_force("open", {"a": plain})
    assert policy == get_policy("opensafely") and "asked for open" in reason


def test_no_policy_in_force_is_weaker_than_any_that_was_asked_for(tmp_path):
    random_ = random.Random(3)
    for _ in range(50):
        records = {
            str(n): read(
                tmp_path,
                changed(
                    patients(),
                    permitted_outputs=outputs(threshold=str(random_.randint(1, 20)), rounding=random_.choice("15")),
                ),
            )
            for n in range(random_.randint(1, 3))
        }
        policy, _ = policy_in_force(random_.choice(["open", "opensafely"]), records)
        counts = list(range(25))
        for record in records.values():
            assert policy.suppress_to >= record.permitted_outputs.threshold - 1
            assert policy.nearest >= record.permitted_outputs.rounding
            shown = ~(policy.apply(counts) != policy.apply(counts))
            allowed = permitted_policy(record.permitted_outputs).apply(counts)
            assert not (shown & (allowed != allowed)).any()


def test_the_smallest_area_is_the_largest_asked_for(tmp_path):
    free = read(tmp_path, patients())
    district = read(tmp_path, changed(patients(), permitted_outputs=outputs(area="district")))
    records = {"a": free, "b": district}
    assert lowest_area_in_force(records)[0] == "district" and "of b " in lowest_area_in_force(records)[1]
    assert lowest_area_in_force(records, datasets=["a"])[0] == "small-area"
    assert may_leave_by("small-area", records) and not may_leave_by("district", records)
    assert not may_leave_by("small-area", records, datasets=["a"])


def test_people_are_linked_where_both_records_say_so(tmp_path):
    contacts = read(tmp_path, patients())
    fields = [{"name": name, "why": "Waits"} for name in loaded_fields(source("simulated-referrals"))]
    referrals = changed(
        patients(), dataset="referrals", source="simulated-referrals", fields=fields, linkable_to="contacts"
    )
    use = {"dataset": "referrals", "source": "simulated-referrals"}
    check_link({"contacts": contacts, "referrals": read(tmp_path, referrals, **use)}, "contacts", "referrals")
    closed = read(tmp_path, changed(referrals, linkable_to="none"), **use)
    with pytest.raises(SharingError, match="referrals: linkable_to: does not name contacts"):
        check_link({"contacts": contacts, "referrals": closed}, "contacts", "referrals")


def test_the_proof_on_a_page_holds_no_names(tmp_path):
    proof = json.dumps(permission_proof(read(tmp_path, patients())))
    assert "2027-01-31" in proof and not any(name in proof for name in ("Analyst", "Director", "Guardian"))


def test_permitted_policy_reads_the_threshold_as_the_smallest_count_shown():
    policy = permitted_policy(PermittedOutputs(**outputs(policy="open", threshold="3", rounding="1")))
    assert [value == value for value in policy.apply([0, 2, 3, 4])] == [False, False, True, True]


@pytest.mark.parametrize("name", ["legal-gateways", "purposes", "lawful-bases", "special-category-conditions"])
def test_codelists_of_law_answer_yes_or_no(name):
    rows = codelist(name).values()
    switches = {"patient_information", "personal_data", "law_enforcement", "statistics"}
    assert all(row[key] in ("yes", "no") for row in rows for key in switches & set(row))
    assert {row["regime"] for row in rows if "regime" in row} <= {"uk-gdpr", "dpa-2018-part-3"}
    agencies = {code for row in rows for code in row.get("no_personal_data_from", "").split(";") if code}
    assert agencies <= set(codelist("agency-types"))
