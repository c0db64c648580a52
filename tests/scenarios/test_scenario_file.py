"""A scenario file says what it means or is refused with file, field and bound."""

import pytest
from scenario_case import TEXT

from hil.scenarios.model import SIZE_MAX_BYTES, ScenarioError, parse_scenario, read_scenario


def test_what_stands_beside_point_and_verb_are_the_faults_parameters():
    scenario = parse_scenario(TEXT, "case.toml")
    (injection,) = scenario.fault
    assert injection.fault.parameters == {"to_ma": 3.2}
    assert injection.fault.point == "cylinder_a_pressure_bar"
    assert (injection.at.phase, injection.at.after_s) == ("hold", 2.0)
    assert injection.for_s is None
    assert scenario.expect.sources == ("pressure_sensor",)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "case"', 'id = "a b"', "scenario.id"),
        ('row = "S04"', 'row = "N04"', "scenario.row"),
        ('row = "S04"', 'row = "S04"\nspeed = 2', "speed"),
        ('verb = "scale"', 'verb = "explode"', "explode"),
        ("{ phase = \"hold\", after_s = 2.0 }", "{ after_s = 2.0 }", "fault[0].at: give time_s"),
        ('phase = "hold", after_s', 'time_s = 1.0, phase = "hold", after_s', "one of them"),
        ('{ phase = "hold", after_s = 2.0 }', "{ time_s = 1.0, after_s = 2.0 }", "only beside"),
        ("after_s = 2.0", "after_s = -2.0", "fault[0].at.after_s"),
        ("after_s = 2.0", 'output = "lamp"', "fault[0].at.output: no 'lamp'"),
        ("to_ma = 3.2", "to_ma = 3.2\nfor_s = 0.0", "for_s"),
        ('reaction = "trip"', 'reaction = "panic"', "expect.reaction"),
        ('outputs = "pump"', "", "expect.outputs"),
        ('outputs = "pump"', 'outputs = "lamp"', "no 'lamp'"),
        ('outcome = "Aborted"', 'outcome = "Refused"', "expect.outcome"),
        ('reaction = "trip"', 'reaction = "ignore"', "expect.source"),
        ("within_s = 0.3", "within_s = nan", "expect.within_s"),
        ("within_s = 0.3", "within_s = 0.3\nhard_protection_demands = -1", "demands"),
        ("[expect]", "[expected]", "expected"),
        ("[expect]", "[expect", "not TOML"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_its_place(old, new, said):
    assert old in TEXT
    with pytest.raises(ScenarioError, match=r"^case\.toml: ") as refusal:
        parse_scenario(TEXT.replace(old, new), "case.toml")
    assert said in str(refusal.value)


def test_a_scenario_without_a_fault_proves_nothing_and_is_refused():
    head, _, rest = TEXT.partition("[[fault]]")
    text = head + "fault = []\n" + rest[rest.index("[expect]") :]
    with pytest.raises(ScenarioError):
        parse_scenario(text, "case.toml")


def test_files_are_bounded_and_missing_ones_named(tmp_path):
    large = tmp_path / "large.toml"
    large.write_text("#" * (SIZE_MAX_BYTES + 1))
    with pytest.raises(ScenarioError, match=r"large\.toml: larger than"):
        read_scenario(str(large))
    with pytest.raises(ScenarioError, match="scenario list"):
        read_scenario("S99-nowhere")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError, match="not UTF-8"):
        read_scenario(binary)
