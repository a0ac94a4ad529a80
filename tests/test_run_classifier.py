"""Words of the state classifier in a whole run: labels of no class, criteria, and the file of the answers."""

import json

import pytest

NET = """<SNN>
  <RECEPTORS name="R" n="{n}"><Implementation lib="fromFile"><args type="text"><source>spikes.txt</source></args></Implementation></RECEPTORS>
  <RECEPTORS name="T" n="{n}"><Implementation lib="StateClassifier"><args><target_file>labels.txt</target_file>
    <spike_period>1</spike_period><state_duration>2</state_duration><learning_time>2</learning_time>{words}</args></Implementation></RECEPTORS>
  <NETWORK><Sections><Section name="OUT"><props><n>{n}</n></props></Section>
    <Link from="R" to="OUT" policy="aligned"><weight>9</weight></Link></Sections></NETWORK>
  <Readout lib="StateClassifier"><output>OUT</output></Readout>
</SNN>
"""  # noqa: E501
ONE_SPIKE = "@\n.\n.\n.\n"
TWO_NODES = "@.\n..\n.@\n..\n@.\n..\n..\n..\n"
"""Four objects of two steps: node 0, node 1, node 0, silence."""


@pytest.fixture
def answered(tmp_path, call):
    """Runs a network that answers with the node that spikes; the result, and what stands on standard error."""

    def run(spikes, labels, words, *options):
        (tmp_path / "spikes.txt").write_text(spikes)
        (tmp_path / "labels.txt").write_bytes(labels if isinstance(labels, bytes) else labels.encode())
        (tmp_path / "net.nnc").write_text(NET.format(n=spikes.index("\n"), words=words))
        status, out, err = call("run", tmp_path / "net.nnc", "--json", "--engine", "reference", *options)
        assert status == 0, err
        return json.loads(out), err

    return run


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("1\n0\n", "<no_class>0</no_class><no_class_value>0</no_class_value>"),
        ("0\n-\n", "<no_class>-</no_class>"),
        ("0\n-1\n", "<no_class>-1</no_class>"),
        ("0\n\n", "<no_class/>"),
        ("1.0e+00\n0.0e+00\n", "<no_class>0</no_class>"),
    ],
)
def test_silence_is_right_for_an_object_of_no_class(answered, labels, words):
    # One spike of the only node answers the training object; the test object has no class, and nothing spikes.
    result, _ = answered(ONE_SPIKE, labels, words)
    assert (result["train_accuracy"], result["accuracy"], result["unanswered"]) == (1, 1, 1)
    assert result["confusion"] == [[0, 0], [0, 1]]
    assert result["criterion"] is None


@pytest.mark.parametrize("labels", ["0\n0\n", "\ufeff0\n0\n", 2 * "0.000000000000000000e+00\n"])
def test_labels_with_a_mark_or_with_a_point_are_labels(answered, labels):
    result, _ = answered(ONE_SPIKE, labels, "")
    assert (result["train_accuracy"], result["accuracy"], result["test_images"]) == (1, 0, 1)


def test_the_words_of_the_state_classifier_do_what_they_say(answered, tmp_path):
    words = (
        "<no_class>0</no_class><no_class_value>0</no_class_value><criterion>{}</criterion>"
        "<sequential_test></sequential_test><prediction_file>answers/p.csv</prediction_file>"
    )
    labels = "1\n2\n2\n0\n"  # answered 1, 2, 1, none: the second of three test objects is wrong
    found, err = answered(TWO_NODES, labels, words.format("Rsquared"), "--out", tmp_path / "out")
    # Values of the test labels 2, 2, 0: mean 4/3, squared deviations 8/3; one error of 1.
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert (found["criterion"], found["criterion_value"]) == ("Rsquared", pytest.approx(1 - 3 / 8))
    assert "sequential_test: is kept but not used" in err
    assert (tmp_path / "out" / "p.csv").read_text() == (
        "object,part,label,answer\n0,train,1,1\n1,test,2,2\n2,test,2,1\n3,test,0,0\n"
    )
    found, err = answered(TWO_NODES, labels, words.format("absolute_error"))
    assert found["criterion_value"] == pytest.approx(1 / 3)
    assert "prediction_file answers/p.csv is written only with --out DIR" in err
    assert not (tmp_path / "answers").exists()
    # Among the test objects class 2 is right once, of two labels and one answer: 2/3. Class 1 is wrong once: 0.
    found, _ = answered(TWO_NODES, labels, words.format("averaged_F"))
    assert found["criterion_value"] == pytest.approx(1 / 3)


def test_a_criterion_without_a_public_definition_is_said_to_be_none(answered):
    result, err = answered(TWO_NODES, "0\n1\n1\n0\n", "<criterion>weighted_error</criterion>")
    assert result["criterion_value"] is None
    assert result["accuracy"] == pytest.approx(1 / 3)
    assert "weighted_error is known but its definition is not public; accuracy is reported" in err


def test_a_criterion_stands_in_the_report_for_people(answered, tmp_path, call):
    answered(TWO_NODES, "0\n1\n1\n0\n", "<criterion>averaged_F</criterion>")
    assert "averaged_F  0.333333" in call("run", tmp_path / "net.nnc", "--quiet")[1]
    answered(TWO_NODES, "0\n1\n1\n0\n", "<criterion>Rsquared</criterion>")
    assert "Rsquared  not defined here" in call("run", tmp_path / "net.nnc", "--quiet")[1]
