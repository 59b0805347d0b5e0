"""The command line: every command, every exit code, and what a kill leaves behind."""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

import fast.cli
from fast.cli import demo, main
from fast.datasets import open_images, write_images
from reference.compression.latent_codec import digest, quantise_vae, read_model, write_model
from reference.errors import FormatError
from reference.models.vae import initialise

ROOT = Path(__file__).parent.parent
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 2, (13, 3, 4), dtype=np.uint8)
PLAIN = ("--engine", "reference")
FORMATS = ("a.npy", "a.npz", "a.idx", "a-idx3-ubyte.gz", "folder")


def run(*arguments: object) -> int:
    return main([str(a) for a in arguments])


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "fast", *map(str, arguments)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def record(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one JSON object on stdout; nothing else may be there."""
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    found: dict[str, Any] = json.loads(lines[0])
    return found


def make_model(path: Path, seed: int = 0) -> None:
    vae = initialise(12, (5,), 2, np.random.default_rng(seed))
    with path.open("wb") as file:
        write_model(file, quantise_vae(vae, IMAGES.reshape(13, 12), latent_bits=3))


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a model, another one, images, and a file of them."""
    monkeypatch.chdir(tmp_path)
    make_model(Path("m.bbm"))
    make_model(Path("other.bbm"), 1)
    np.save("x.npy", IMAGES)
    assert run("compress", "m.bbm", "x.npy", "x.bbc", "--chunk-size", 5, *PLAIN) == 0
    return tmp_path


# Commands


@pytest.mark.spec("LSL-4", "LSL-5")
@pytest.mark.parametrize("name", FORMATS)
def test_round_trip(work: Path, name: str) -> None:
    write_images(Path(name), IMAGES.shape, [IMAGES])
    assert run("compress", "m.bbm", name, "y.bbc", "--chunk-size", 5, *PLAIN) == 0
    assert Path("y.bbc").read_bytes() == Path("x.bbc").read_bytes()
    out = Path("out") / name
    out.parent.mkdir()
    assert run("decompress", "m.bbm", "y.bbc", out, *PLAIN) == 0
    with open_images(out) as images:
        assert np.array_equal(images[:13], IMAGES)


@pytest.mark.spec("LSL-8")
def test_engines_and_jobs_give_the_same_bytes(work: Path) -> None:
    for engine in ("fast", "reference"):
        for jobs in (1, 2):
            options = ("--chunk-size", 5, "--engine", engine, "--jobs", jobs, "--force")
            assert run("compress", "m.bbm", "x.npy", "y.bbc", *options) == 0
            assert Path("y.bbc").read_bytes() == Path("x.bbc").read_bytes()
            options = ("--engine", engine, "--jobs", jobs, "--force")
            assert run("decompress", "m.bbm", "x.bbc", "y.npy", *options) == 0
            assert np.array_equal(np.load("y.npy"), IMAGES)


@pytest.mark.spec("LSL-6")
@pytest.mark.parametrize(
    ("text", "rows"),
    [("3:11", slice(3, 11)), (":2", slice(2)), ("12:", slice(12, 13)), (":", slice(13))],
)
def test_range(work: Path, text: str, rows: slice) -> None:
    assert run("decompress", "m.bbm", "x.bbc", "y.npy", "--range", text, *PLAIN) == 0
    assert np.array_equal(np.load("y.npy"), IMAGES[rows])


def test_key(work: Path) -> None:
    np.savez("two.npz", a=IMAGES, b=IMAGES[:3])
    assert run("compress", "m.bbm", "two.npz", "y.bbc", "--key", "b", *PLAIN) == 0
    assert run("decompress", "m.bbm", "y.bbc", "y.npy", *PLAIN) == 0
    assert np.array_equal(np.load("y.npy"), IMAGES[:3])


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_train(work: Path, engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    shape = ("--hidden", "6,5", "--latents", 3, "--latent-bits", 4)
    options = ("--epochs", 3, "--batch-size", 4, "--patience", 2, "--engine", engine)
    assert run("train", "x.npy", "new.bbm", *shape, *options, "--json") == 0
    found = record(capsys)
    with open("new.bbm", "rb") as file:
        model = read_model(file)
    assert (model.pixels, model.latents, model.latent_bits) == (12, 3, 4)
    assert found["digest"] == digest(model).hex()
    assert found["bytes"] == Path("new.bbm").stat().st_size
    assert (found["training_images"], found["validation_images"]) == (12, 1)
    assert found["peak"] == 1
    assert found["history"][0]["validation_bits_per_pixel"] > 0
    assert run("compress", "new.bbm", "x.npy", "y.bbc", *PLAIN) == 0


def test_train_is_reproducible_and_seeded(work: Path) -> None:
    options = ("--epochs", 2, "--hidden", 4, "--latents", 2, *PLAIN)
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert run("train", "x.npy", name, *options, "--seed", seed) == 0
    contents = [Path(name).read_bytes() for name in "abc"]
    assert contents[0] == contents[1] != contents[2]


def test_train_binarises_grey_images(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save("grey.npy", IMAGES * np.uint8(9))
    options = ("--epochs", 1, "--hidden", 4, "--latents", 2, "--validation", 0, *PLAIN)
    assert run("train", "grey.npy", "a.bbm", *options, "--json") == 0
    found = record(capsys)
    assert (found["peak"], found["validation_images"]) == (255, 0)
    assert run("train", "grey.npy", "b.bbm", *options, "--peak", 9) == 0
    assert "binarised, 9 is white" in capsys.readouterr().out
    assert run("train", "grey.npy", "c.bbm", *options, "--peak", 8) == 1
    assert "grey.npy: values up to 9 with a peak of 8" in capsys.readouterr().err


@pytest.mark.spec("BBK-4")
def test_compress_reports(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    options = ("--chunk-size", 5, "--json", *PLAIN)
    assert run("compress", "m.bbm", "x.npy", "y.bbc", *options) == 0
    found = record(capsys)
    size = Path("y.bbc").stat().st_size
    assert (found["images"], found["chunks"], found["file_bytes"]) == (13, 3, size)
    assert found["file_bits_per_pixel"] == 8 * size / IMAGES.size
    assert found["net_bits"] == found["total_bits"] - found["initial_bits"]
    assert run("compress", "m.bbm", "x.npy", "z.bbc", "--chunk-size", 1, "--json", *PLAIN) == 0
    assert record(capsys)["net_bits_per_pixel"] is None


@pytest.mark.parametrize("text", [True, False])
def test_inspect(work: Path, capsys: pytest.CaptureFixture[str], text: bool) -> None:
    capsys.readouterr()
    with open("m.bbm", "rb") as file:
        model = digest(read_model(file)).hex()
    if text:
        assert run("inspect", "x.bbc") == run("inspect", "m.bbm") == 0
        out = capsys.readouterr().out
        assert out.count(model) == 2
        assert "13 images of 3 x 4 pixels" in out
        assert "12 -> 5 -> 4" in out
        return
    assert run("inspect", "x.bbc", "--json") == 0
    found = record(capsys)
    assert (found["kind"], found["model"], found["image_shape"]) == ("images", model, [3, 4])
    assert [c["images"] for c in found["chunks"]] == [5, 5, 3]
    assert [s["tag"] for s in found["sections"]] == ["DATA", "CHNK", "CHNK", "CHNK"]
    assert run("inspect", "m.bbm", "--json") == 0
    found = record(capsys)
    assert (found["kind"], found["digest"]) == ("model", model)
    assert found["encoder"]["sizes"] == [12, 5, 4]


@pytest.mark.spec("FMT-5")
@pytest.mark.parametrize("name", ["x.bbc", "m.bbm"])
def test_inspect_finds_every_change(
    work: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = Path(name).read_bytes()
    for at in range(0, len(data), 7):
        changed = bytearray(data)
        changed[at] ^= 32
        Path("changed").write_bytes(changed)
        assert run("inspect", "changed") == 1
        assert capsys.readouterr().err.startswith("bits-back: changed: s")


def test_the_demo_compresses_what_nothing_was_chosen_on() -> None:
    """The plan was chosen on the first 400 of the shuffled digits: those are trained on."""
    digits = (load_digits().images >= 8).astype(np.uint8)
    shuffled = digits[np.random.default_rng(0).permutation(len(digits))]
    training, images = demo._digits(demo._Clock({}))
    assert np.array_equal(training[:400], shuffled[:400])
    assert np.array_equal(images, shuffled[400:800])
    assert np.array_equal(training[400:], shuffled[800:])


def test_demo(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run("demo", "--epochs", 1, "--json") == 0
    found = record(capsys)
    assert found["verified"] is True
    assert set(found["bytes"]) == {"raw", "gzip", "bz2", "lzma", "bits-back", "model"}
    assert found["bytes"]["raw"] == 3200
    assert found["net_bits_per_pixel"] == pytest.approx(
        found["negative_elbo_bits_per_pixel"], rel=0.02
    )
    assert Path("bits-back-demo.png").read_bytes().startswith(b"\x89PNG")
    Path("mine.png").write_text("precious")
    assert run("demo", "--epochs", 1, "--picture", "mine.png") == 1
    assert Path("mine.png").read_text() == "precious"
    assert run("demo", "--epochs", 1) == 0  # it may replace its own
    out = capsys.readouterr().out
    assert "LARGER" in out  # after one epoch; and it says so
    assert "the model, on its own" in out


# Faults: one line, exit code 1, and no output


@pytest.mark.spec("LSL-2", "LSL-6", "LSL-7")
@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ("compress none x.npy OUT", "none: No such file or directory"),
        ("compress . x.npy OUT", ".: Is a directory"),
        ("compress x.npy x.npy OUT", "x.npy: signature: no bits-back file starts with"),
        ("compress x.bbc x.npy OUT", "x.bbc: sections DATA, CHNK are not those of a model"),
        ("compress m.bbm none OUT", "none: No such file or directory"),
        ("compress m.bbm . OUT", ".: there are no PNG files in this folder"),
        ("compress m.bbm m.bbm OUT", "m.bbm: no .npy, .npz or IDX file: it starts with"),
        ("compress m.bbm wide.npy OUT", "wide.npy: images of shape (24,) where the model"),
        ("compress m.bbm float.npy OUT", "float.npy: values of type float64 where uint8"),
        (
            "compress m.bbm grey.npy OUT",
            "grey.npy: a pixel is 7 where the model codes 0 and 1",
        ),
        ("compress m.bbm empty.npy OUT", "empty.npy: there are no images"),
        ("compress m.bbm x.npy no/OUT", "no/OUT: there is no folder to write it in"),
        ("compress m.bbm x.npy x.bbc", "x.bbc: it exists; --force replaces it"),
        ("compress m.bbm x.npy . --force", ".: it is a folder, where a file is to be written"),
        ("decompress m.bbm none OUT", "none: No such file or directory"),
        ("decompress m.bbm . OUT", ".: Is a directory"),
        ("decompress m.bbm m.bbm OUT", "m.bbm: the file holds no compressed images"),
        ("decompress other.bbm x.bbc OUT", "x.bbc: the file was made with model"),
        ("decompress m.bbm x.bbc OUT --range 3:14", "x.bbc: images 3:14 of 13 that it holds"),
        ("decompress m.bbm x.bbc OUT --range 13:", "x.bbc: images 13:13 of 13"),
        ("decompress m.bbm x.bbc OUT.txt", "OUT.txt: its ending is none of"),
        ("decompress m.bbm flat.bbc OUT", "OUT: images of shape (12,) cannot be PNG files"),
        ("decompress m.bbm bad.bbc OUT.npy", "bad.bbc: section CHNK: its payload fails"),
        ("decompress m.bbm short.bbc OUT", "short.bbc: section CHNK: "),
        ("decompress m.bbm x.bbc x.npy", "x.npy: it exists; --force replaces it"),
        ("train none OUT", "none: No such file or directory"),
        ("train empty.npy OUT", "empty.npy: there are no images"),
        ("train x.npy m.bbm", "m.bbm: it exists; --force replaces it"),
        ("train x.npy OUT --validation 0 --patience 3", "x.npy: patience needs validation"),
        ("train x.npy OUT --learning-rate -1", "x.npy: learning rate or decay out of range"),
        ("inspect none", "none: No such file or directory"),
        ("inspect .", ".: Is a directory"),
        ("inspect x.npy", "x.npy: signature: no bits-back file starts with"),
        ("inspect short.bbc", "short.bbc: section CHNK: "),
    ],
)
def test_faults(
    work: Path, capsys: pytest.CaptureFixture[str], arguments: str, fault: str
) -> None:
    np.save("wide.npy", np.zeros((2, 24), np.uint8))
    np.save("float.npy", np.zeros((2, 12)))
    np.save("grey.npy", np.concatenate([IMAGES[:10], np.full((1, 3, 4), 7, np.uint8)]))
    np.save("empty.npy", IMAGES[:0])
    np.save("flat.npy", IMAGES.reshape(13, 12))
    assert run("compress", "m.bbm", "flat.npy", "flat.bbc", *PLAIN) == 0
    data = bytearray(Path("x.bbc").read_bytes())
    Path("short.bbc").write_bytes(data[:-30])
    data[-40] ^= 1
    Path("bad.bbc").write_bytes(data)
    before = {p: p.read_bytes() for p in work.iterdir()}
    capsys.readouterr()
    name, *rest = arguments.split()
    if name != "inspect":
        rest += PLAIN
    assert run(name, *rest) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"bits-back: {fault}")
    assert said.err.count("\n") == 1
    assert {p: p.read_bytes() for p in work.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "work_of"),
    [
        ("train x.npy m.bbm", "fast.cli.train._train"),
        ("compress m.bbm x.npy x.bbc", "fast.cli.compress.compress"),
        ("decompress m.bbm x.bbc x.npy", "fast.files.load_engine"),
        ("demo --picture x.npy", "fast.cli.demo._train"),
    ],
)
def test_an_output_that_exists_is_refused_before_any_work(
    work: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, work_of: str
) -> None:
    def begin(*arguments: object, **options: object) -> None:
        pytest.fail("it has begun")

    importlib.import_module(work_of.rpartition(".")[0])
    monkeypatch.setattr(work_of, begin)
    assert run(*arguments.split()) == 1


@pytest.mark.spec("FMT-5")
def test_changed_and_truncated_files_leave_no_output(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, rng = Path("x.bbc").read_bytes(), np.random.default_rng(2)
    Path("out.npy").write_text("precious")
    names = sorted([*os.listdir(), "bad.bbc"])
    cases = [data[:size] for size in range(0, len(data), 29)]
    for _ in range(100):
        changed = bytearray(data)
        changed[rng.integers(len(data))] ^= int(rng.integers(1, 256))
        cases.append(bytes(changed))
    for case in cases:
        Path("bad.bbc").write_bytes(case)
        assert run("decompress", "m.bbm", "bad.bbc", "out.npy", "--force", *PLAIN) == 1
        assert capsys.readouterr().err.startswith("bits-back: bad.bbc: s")
        assert Path("out.npy").read_text() == "precious"
    assert sorted(os.listdir()) == names


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "nonsense",
        "compress m.bbm",
        "compress m.bbm x.npy y.bbc --chunk-size 0",
        "compress m.bbm x.npy y.bbc --chunk-size 65537",
        "compress m.bbm x.npy y.bbc --jobs 0",
        "compress m.bbm x.npy y.bbc --engine slow",
        "decompress m.bbm x.bbc y.npy --range 5",
        "decompress m.bbm x.bbc y.npy --range 5:5",
        "decompress m.bbm x.bbc y.npy --range a:b",
        "train x.npy y.bbm --epochs 0",
        "train x.npy y.bbm --hidden 10,0",
        "train x.npy y.bbm --latent-bits 13",
        "train x.npy y.bbm --validation 1",
        "train x.npy y.bbm --peak 256",
    ],
)
def test_usage(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*arguments.split())
    assert caught.value.code == 2
    assert "usage: bits-back" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (
            MemoryError("Unable to allocate 9 TiB"),
            1,
            "out of memory: Unable to allocate 9 TiB",
        ),
        (OSError(28, "No space left", "a.bbc"), 1, "a.bbc: No space left"),
        (FormatError("two\nlines"), 1, "two lines"),
    ],
)
def test_exit_codes(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    line: str,
) -> None:
    class Module:
        @staticmethod
        def run(options: object) -> None:
            raise error

    monkeypatch.setattr(fast.cli.importlib, "import_module", lambda name: Module)
    assert run("inspect", "x") == code
    assert capsys.readouterr().err == f"bits-back: {line}\n"


def test_nobody_reads(work: Path) -> None:
    """As with ``| head``: no traceback, and the exit code that a shell gives to SIGPIPE."""
    process = subprocess.Popen(
        command("inspect", "m.bbm"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdout is not None
    process.stdout.close()
    _, faults = process.communicate()
    assert (process.returncode, faults) == (141, b"")


def test_bugs_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    class Module:
        @staticmethod
        def run(options: object) -> None:
            raise ValueError("a bug")

    monkeypatch.setattr(fast.cli.importlib, "import_module", lambda name: Module)
    with pytest.raises(ValueError, match="a bug"):
        run("inspect", "x")


# Processes


@pytest.mark.parametrize("arguments", [["--help"], ["demo", "--help"], ["--version"]])
def test_help_is_light(arguments: list[str]) -> None:
    code = f"""
import sys
from fast.cli import main
try:
    main({arguments})
except SystemExit as done:
    assert done.code == 0
heavy = {{"numba", "numpy", "matplotlib", "sklearn", "rich", "PIL"}}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "bits-back" in done.stdout


def test_the_reference_engine_needs_no_numba(work: Path) -> None:
    code = f"""
import sys
sys.modules["numba"] = None
from fast.cli import main
engine = {PLAIN!r}
assert main(["train", "x.npy", "a.bbm", "--epochs", "1", *engine]) == 0
assert main(["compress", "a.bbm", "x.npy", "a.bbc", *engine]) == 0
assert main(["decompress", "a.bbm", "a.bbc", "a.npy", *engine]) == 0
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert np.array_equal(np.load("a.npy"), IMAGES)


@pytest.mark.parametrize(
    ("name", "code"),
    [("SIGINT", 130), ("SIGTERM", 128 + signal.SIGTERM), ("SIGKILL", -9)],
)
def test_killed_in_the_middle(work: Path, name: str, code: int) -> None:
    """Nothing half-written has the final name, and what had it is untouched."""
    np.save("many.npy", np.tile(IMAGES, (5_000, 1, 1)))  # a minute of the plain code
    Path("out.bbc").write_text("precious")
    names = sorted(os.listdir())
    options = ("--chunk-size", 50, "--force", *PLAIN)
    process = subprocess.Popen(
        command("compress", "m.bbm", "many.npy", "out.bbc", *options),
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        # a shell that runs the tests in the background has them, and so this, ignore SIGINT
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 30
    while not any(p.stat().st_size for p in work.glob(".bits-back-*.part")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(getattr(signal, name))
    _, said = process.communicate(timeout=30)
    assert process.returncode == code
    assert Path("out.bbc").read_text() == "precious"
    if name == "SIGKILL":
        for part in work.glob(".bits-back-*.part"):
            part.unlink()
    elif name == "SIGINT":
        assert said.splitlines()[-1] == "bits-back: interrupted"
    assert sorted(os.listdir()) == names


def test_progress_without_a_terminal(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fast.cli.progress.SECONDS", 0.0)
    capsys.readouterr()
    options = ("--chunk-size", 5, "--force", *PLAIN)
    assert run("compress", "m.bbm", "x.npy", "x.bbc", *options) == 0
    said = capsys.readouterr()
    assert said.err.splitlines()[0] == "compress: 5 of 13 (38%)"
    assert "compress:" not in said.out


def test_progress_on_a_terminal(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert run("decompress", "m.bbm", "x.bbc", "y.npy", *PLAIN) == 0
    monkeypatch.setitem(sys.modules, "rich.console", None)  # the extra is not there
    assert run("decompress", "m.bbm", "x.bbc", "z.npy", *PLAIN) == 0
    assert Path("y.npy").read_bytes() == Path("z.npy").read_bytes()
