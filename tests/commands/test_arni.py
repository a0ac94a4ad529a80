"""`ArNIGPU` as the scripts that call the closed program meet it: letters, files, log, termination code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import colanet
from colanet.commands import arni
from colanet.commands.arni import MONITOR_STEPS, options_of, parse
from colanet.errors import ConfigError
from colanet.locks import hold_folder
from colanet.session import Session

ROOT = Path(__file__).parents[2]

RELAY = (
    '<SNN><RECEPTORS name="R" n="2"><Implementation lib="fromFile"><args type="text"><source>rows.txt</source>'
    '</args></Implementation></RECEPTORS><NETWORK><Sections><Section name="N"><props><n>2</n></props></Section>'
    '<Section name="M"><props><n>1</n></props></Section>'
    '<Link from="R" to="N" policy="aligned"><weight>9</weight></Link></Sections></NETWORK></SNN>'
)
# Three objects of 3 steps: the network answers 0, 1, none; the labels are 0, 1, 1; the first one is taught.
TARGET = (
    '<RECEPTORS name="Target" n="2"><Implementation lib="StateClassifier"><args>'
    "<target_file>labels.txt</target_file><learning_time>3</learning_time><state_duration>3</state_duration>"
    "</args></Implementation></RECEPTORS>"
)
READOUT = '<Readout lib="StateClassifier"><output>N</output></Readout>'
JUDGED = RELAY.replace("<NETWORK>", TARGET + "<NETWORK>").replace("</SNN>", READOUT + "</SNN>")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rows.txt").write_text("@.\n..\n..\n.@\n..\n..\n..\n..\n..\n")
    (tmp_path / "labels.txt").write_text("0\n1\n1\n")
    (tmp_path / "2.nnc").write_text(RELAY)
    (tmp_path / "30.nnc").write_text(JUDGED)
    return tmp_path


@pytest.fixture
def arni_gpu(capfd):
    """Runs `ArNIGPU` in this process: (exit status, standard output, standard error)."""

    def run(*words, program=arni.gpu):
        capfd.readouterr()
        status = 0
        try:
            program([str(word) for word in words])
        except SystemExit as end:
            status = int(end.code or 0)
        output = capfd.readouterr()
        return status, output.out, output.err

    return run


def test_the_termination_code_is_ten_thousand_times_the_accuracy(arni_gpu, folder):
    assert arni_gpu(folder, "-e30") == (0, "Termination code 5000\n", "")
    log = (folder / "General30.log").read_text()
    assert log.endswith("Finished normally\nTermination code 5000\n")
    assert "accuracy    50.00 % of 2 test images" in log
    assert {path.name for path in folder.iterdir()} - {"rows.txt", "labels.txt", "2.nnc", "30.nnc"} == {
        "General30.log"
    }


def test_without_a_readout_the_code_is_0(arni_gpu, folder):
    assert arni_gpu(folder, "-e2", program=arni.cpu) == (0, "Termination code 0\n", "")


def test_an_experiment_copies_no_votes(arni_gpu, folder, monkeypatch):
    monkeypatch.setattr(Session, "tally", None)
    assert arni_gpu(folder, "-e30", "-Pt", "-r", "-F4") == (0, "Termination code 5000\n", "")


def test_files_of_the_protocol_and_the_monitoring(arni_gpu, folder):
    status, _, err = arni_gpu(folder, "-e2", "-Pt", "-r", "-F4")
    assert (status, err) == (0, "")
    assert (folder / "spikes.2.txt").read_text() == "...\n@..\n...\n...\n.@.\n" + 4 * "...\n"
    assert (folder / "receptor_spikes.2.txt").read_text() == (folder / "rows.txt").read_text()
    rows = (folder / "monitoring.2.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "4", "8", "9"]
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(("form", "name", "content"), [
    ("l1-5", "spikes.2.lst", b"0\n3\n\n"),
    ("b0-2", "spikes.2.bin", b"\3\0\0\0" + bytes(8) + b"\1" + bytes(7)),
    ("t4-100", "spikes.2.txt", b".@.\n...\n...\n...\n...\n"),
])  # fmt: skip
def test_forms_and_ranges_of_the_protocol(arni_gpu, folder, form, name, content):
    assert arni_gpu(folder, "-e2", f"-P{form}")[0] == 0
    assert (folder / name).read_bytes() == content


def test_stop_freeze_and_seed_are_those_of_run(arni_gpu, folder):
    text = (ROOT / "configs" / "single_neuron.nnc").read_text()
    (folder / "n.nnc").write_text(text)
    assert arni_gpu(folder, "-en", "-T77", "-R7", "-f5")[0] == 0
    digest = re.search(r"^digest +(\w+)$", (folder / "General" "n.log").read_text(), re.MULTILINE)
    assert digest
    session = Session(colanet.load(folder / "n.nnc"), base_dir=folder, seed=7)
    assert session.run(77, freeze=5).digest == digest[1]


def test_letters_become_the_options_of_run(tmp_path):
    folder, letters = parse(["-e", "2", str(tmp_path), "-f12", "-T", "40", "-R7", "-Pl5-9", "-r", "-v1"])
    assert folder == tmp_path
    options = options_of(folder / "2.nnc", letters, "auto")
    wanted = {"freeze_at": 12, "stop_at": 40, "seed": 7, "protocol": "list", "record_steps": "5:9",
              "protocol_inputs": True, "monitor": MONITOR_STEPS, "engine": "auto"}  # fmt: skip
    assert {name: getattr(options, name) for name in wanted} == wanted
    plain = options_of(folder / "2.nnc", {"e": "2"}, "numba")
    assert (plain.monitor, plain.protocol, plain.out, plain.freeze_at) == (None, None, None, None)
    assert options_of(folder / "2.nnc", {"e": "2", "F": "50"}, "numba").monitor == 50
    assert options_of(folder / "2.nnc", {"e": "2", "F": "50", "v": "0"}, "numba").monitor is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["D", "-e2", "-X"], "-X: unknown letter -X; known: -e -F -f -P -R -T -v -r"),
        (["D", "-E2"], "-E2: unknown letter -E"),
        (["D", "-e2", "-p"], "-p: unknown letter -p"),
        (["D", "-e2", "--seed", "3"], "--seed: unknown letter --"),
        (["D", "-e2", "-Px"], "-Px: expected b, t or l"),
        (["D", "-e2", "-P"], "-P: expected b, t or l"),
        (["D", "-e2", "-Pt9-3"], "-Pt9-3: expected b, t or l"),
        (["D", "-e2", "-Pt-3"], "-Pt-3: expected b, t or l"),
        (["D", "-e2", "-v2"], "-v2: expected 0 or 1"),
        (["D", "-e2", "-f"], "-f: expected a whole number"),
        (["D", "-e2", "-f-5"], "-f-5: expected a whole number, 0 to "),
        (["D", "-e2", "-T0"], "-T0: expected a whole number, 1 to "),
        (["D", "-e2", "-F0"], "-F0: expected a whole number, 1 to "),
        (["D", "-e2", "-R1e3"], "-R1e3: expected a whole number"),
        (["D", "-e2", "-T" + "9" * 30], "expected a whole number"),
        (["D", "-e2", "-r"], "-r: the spikes of the inputs need -P"),
        (["D", "-e2", "-rt", "-Pt"], "-rt: -r takes no value"),
        (["D", "-e2", "-e3"], "-e3: -e is given twice"),
        (["D", "-e"], "-e: expected an experiment"),
        (["D", "-e../2"], "-e../2: expected an experiment"),
        (["D"], "expected one folder and -e<id>"),
        (["-e2"], "expected one folder and -e<id>"),
        (["D", "E", "-e2"], "expected one folder and -e<id>"),
        ([], "expected one folder and -e<id>"),
    ],
    ids=lambda value: " ".join(value)[:20] if isinstance(value, list) else None,
)
def test_wrong_words_are_one_line_and_leave_nothing(arni_gpu, folder, words, message):
    before = sorted(folder.iterdir())
    status, out, err = arni_gpu(*[str(folder) if word == "D" else word for word in words])
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert sorted(folder.iterdir()) == before
    with pytest.raises(ConfigError):
        parse(words)


def test_a_run_that_fails_says_so_in_its_log_and_leaves_no_old_code(arni_gpu, folder):
    arni_gpu(folder, "-e30")
    (folder / "rows.txt").write_text("@x\n")
    status, out, err = arni_gpu(folder, "-e30", "-Pt")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    log = (folder / "General30.log").read_text()
    assert err in log
    assert log.endswith("Termination code -1\n")
    # What pipelines look for is the last code in the log.
    assert re.findall(r"Termination code\s+(-?\d+)", log) == ["-1"]
    assert not (folder / "spikes.30.txt").exists()


@pytest.mark.parametrize(("name", "message"), [("nowhere", "no such folder"), ("", "9.nnc: cannot be read")])
def test_what_is_not_there(arni_gpu, folder, name, message):
    status, out, err = arni_gpu(folder / name, "-e9")
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_an_endless_input_names_the_letter(arni_gpu, folder):
    (folder / "2.nnc").write_text(RELAY.replace("</args>", "<mode>repetitive</mode></args>"))
    assert arni_gpu(folder, "-e2") == (2, "", "-T: the input has no end, expected a step to stop at\n")


def test_warnings_go_into_the_log_too(arni_gpu, folder):
    (folder / "2.nnc").write_text(RELAY.replace("</args>", "<tacts_to_skip>9</tacts_to_skip></args>"))
    status, out, err = arni_gpu(folder, "-e2")
    assert (status, out) == (0, "Termination code 0\n")
    assert err.startswith("warning: input R: skip 9")
    assert err.strip() in (folder / "General2.log").read_text()


def test_a_log_that_cannot_be_written_is_one_line(arni_gpu, folder):
    (folder / "General2.log").mkdir()
    status, out, err = arni_gpu(folder, "-e2")
    assert (status, out) == (2, "")
    assert "General2.log: cannot be written" in err
    assert err.count("\n") == 1


def test_help_names_the_letters(arni_gpu):
    status, out, err = arni_gpu("-h")
    assert (status, err) == (0, "")
    assert "-P(b|t|l)" in out


def test_a_pipeline_calls_it_in_another_folder(folder, tmp_path):
    code = "import sys; from colanet.commands.arni import gpu; gpu(sys.argv[1:])"
    found = subprocess.run(
        [sys.executable, "-c", code, str(folder), "-e30"], cwd="/", capture_output=True, text=True
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "Termination code 5000\n", "")


def test_the_page_names_every_letter():
    text = (ROOT / "docs" / "arni.md").read_text(encoding="utf-8")
    for letter in "eFfPRTvr":
        assert f"`-{letter}" in text


# --------------------------------------------------- what stands in the folder


def test_a_second_run_of_the_experiment_is_refused_and_another_one_is_not(arni_gpu, folder):
    with hold_folder(folder, "test", ".30.colanet.lock"):
        assert arni_gpu(folder, "-e30") == (2, "", f"{folder}: another ArNIGPU -e30 is writing here\n")
        assert not (folder / "General30.log").exists()
        assert arni_gpu(folder, "-e2")[0] == 0
    assert arni_gpu(folder, "-e30")[0] == 0


def test_a_pipe_in_the_place_of_the_log_is_refused(arni_gpu, folder):
    os.mkfifo(folder / "General2.log")
    status, out, err = arni_gpu(folder, "-e2")
    assert (status, out) == (2, "")
    assert err == f"{folder / 'General2.log'}: cannot be written: not a regular file\n"


def test_the_prediction_file_is_written(arni_gpu, folder):
    told = JUDGED.replace("<learning_time>", "<prediction_file>p.csv</prediction_file><learning_time>")
    (folder / "4.nnc").write_text(told)
    assert arni_gpu(folder, "-e4") == (0, "Termination code 5000\n", "")
    assert len((folder / "p.csv").read_text().splitlines()) == 1 + 3


def test_what_an_earlier_run_left_goes_and_what_is_read_stays(arni_gpu, folder):
    assert arni_gpu(folder, "-e2", "-Pt", "-r", "-F4")[0] == 0
    (folder / ".spikes.2").mkdir()
    (folder / ".spikes.2" / "recording.spool").write_bytes(b"of a killed run")
    (folder / "spikes.30.txt").write_text("of another experiment")
    assert arni_gpu(folder, "-e2")[0] == 0
    left = {path.name for path in folder.iterdir()}
    assert left == {"rows.txt", "labels.txt", "2.nnc", "30.nnc", "General2.log", "spikes.30.txt"}
    (folder / "rows.txt").rename(folder / "spikes.5.txt")
    (folder / "5.nnc").write_text(RELAY.replace("rows.txt", "spikes.5.txt"))
    assert arni_gpu(folder, "-e5")[0] == 0
    assert (folder / "spikes.5.txt").exists()


def test_a_protocol_of_steps_that_are_not_run_is_said(arni_gpu, folder):
    status, _, err = arni_gpu(folder, "-e2", "-Pt100-200")
    assert status == 0
    assert err == "warning: -Pt100-200: the run ends at step 9, nothing is recorded\n"


def test_help_is_printed_wherever_it_is_asked_for(arni_gpu, folder):
    status, out, _ = arni_gpu(folder, "-e2", "-h")
    assert status == 0
    assert "-e<id>" in out
    assert not (folder / "General2.log").exists()


def test_noise_stands_in_for_a_closed_plug_in(arni_gpu, folder):
    (folder / "7.nnc").write_text(RELAY.replace('lib="fromFile"', 'lib="game"'))
    status, out, err = arni_gpu(folder, "-e7", "-T50", program=arni.cpu)
    assert (status, out) == (2, "")
    assert "'game' is no library of colanet" in err
    status, out, err = arni_gpu(folder, "-e7", "-T50", "--stand-in=game=noise::0.5", program=arni.cpu)
    assert (status, out) == (0, "Termination code 0\n")
    log = (folder / "General7.log").read_text()
    assert "warning: " in log
    assert "RECEPTORS R: noise of rate 0.5 stands in for game" in log
