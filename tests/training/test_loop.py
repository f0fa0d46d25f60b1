import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.codes.vector import Vector
from isthmus.distances import Normal
from isthmus.errors import DataError, ModelError, OptionError, OutputError
from isthmus.recipes.denoising import denoising
from isthmus.tensors import read_tensors, write_tensors
from isthmus.training.loop import train
from isthmus.training.optimisers import Turn, rate_at
from isthmus.training.samples import ordered
from isthmus.training.settings import Settings
from tests.training.script import model as two_players

ROOT = Path(__file__).parents[2]
RUN = [sys.executable, "-m", "tests.training.script"]
X = torch.randn(300, 6, generator=torch.Generator().manual_seed(0))


def state(**settings):
    torch.manual_seed(0)
    model = denoising(6, width=16)
    history = train(model, Batch(X), settings=Settings(**({"steps": 60, "batch_size": 32, "threads": 1} | settings)))
    return model, history


def same(a, b) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_seed_fixes_the_weights():
    assert same(state()[0].state_dict(), state()[0].state_dict())
    assert not same(state(seed=1)[0].state_dict(), state()[0].state_dict())


def test_training_leaves_threads_and_the_random_state_as_they_were():
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    torch.manual_seed(0)
    model = denoising(6, width=8)
    torch.set_rng_state(before)
    train(model, Batch(X), settings=Settings(steps=5, threads=1))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_the_best_weights_are_kept_and_training_stops_when_nothing_improves():
    torch.manual_seed(0)
    model = AutoEncoder(encoder=nn.Linear(6, 6), code=Vector(), decoder=_Plain(6, 6), distance=Normal())
    validation = Batch(-5 * X[:50])  # of another law: training on X first helps, then hurts
    settings = Settings(
        steps=2000, batch_size=32, evaluate_every=10, patience=5, learning_rate=0.03, schedule="constant"
    )
    history = train(model, Batch(X.abs()), validation=validation, settings=settings)
    values = [point.validation for point in history.points]
    assert history.steps < 2000
    assert history.best == min(values)
    with torch.no_grad():
        kept = model.description_length(validation).mean().item()
    assert kept == pytest.approx(history.best, rel=1e-5)
    assert len(values) - 1 - values.index(min(values)) == 5


def test_all_players_share_one_passage_a_batch():
    model, calls = two_players(), []
    model.encoder.register_forward_hook(lambda *_: calls.append(1))
    train(model, Batch(X, {"side": (X[:, 0] > 0).long()}), settings=Settings(steps=7, batch_size=32))
    assert len(calls) == 7


def test_the_critic_is_moved_by_its_own_loss_alone():
    batch = Batch(X, {"side": (X[:, 0] > 0).long()})
    moved = []
    for live in (True, False):
        model = two_players()
        torch.manual_seed(1)
        passage = model.train()(batch)
        own, critic = model.players()
        if live:
            own.loss(passage).backward()  # leaves a gradient on the critic's parameters, too
        Turn(critic, Settings(clip=None)).take(passage, 1e-3)
        moved.append(model.critics.state_dict())
    assert same(*moved)


def test_nothing_waits_for_a_number_between_looks():
    class CountReads(TorchDispatchMode):
        reads = 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            CountReads.reads += function is torch.ops.aten._local_scalar_dense.default
            return function(*args, **(kwargs or {}))

    counts = []
    for steps in (20, 60):
        CountReads.reads = 0
        with CountReads():
            state(steps=steps, evaluate_every=1000)
        counts.append(CountReads.reads)
    assert counts[0] == counts[1]


def test_a_loss_that_stops_being_finite_is_told():
    with pytest.raises(DataError, match=r"no longer finite.*lower learning_rate"):
        train(denoising(6, width=8), Batch(X * torch.nan), settings=Settings(steps=5))


def test_nothing_to_train_on_is_told():
    with pytest.raises(DataError, match="no samples"):
        train(denoising(6, width=8), Batch(X[:0]))


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"steps": 0}, "steps"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"clip": -1}, "clip"),
        ({"schedule": "x"}, "x"),
    ],
)
def test_a_setting_out_of_range_is_named(wrong, word):
    with pytest.raises(OptionError, match=word):
        Settings(**wrong)


def test_a_device_that_is_not_there_is_named_before_anything_is_trained(monkeypatch):
    model = denoising(6, width=8)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(OptionError, match="warp"):
        train(model, Batch(X), settings=Settings(steps=2, device="warp"))
    monkeypatch.setenv("ISTHMUS_DEVICE", "drive")
    with pytest.raises(OptionError, match=r"drive.*ISTHMUS_DEVICE"):
        train(model, Batch(X), settings=Settings(steps=2))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    train(model, Batch(X), settings=Settings(steps=2, device="cpu"))  # what is said goes before what is set around it


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here to lend the model to")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_model_learns_on_a_gpu_and_comes_back(precision):
    model = denoising(6, width=8)
    history = train(
        model, Batch(X), validation=Batch(X), settings=Settings(steps=50, device="cuda", precision=precision)
    )
    assert {value.device.type for value in model.state_dict().values()} == {"cpu"}
    assert history.best < float("inf")


def test_the_learning_rate_rises_then_falls_along_a_cosine():
    settings = Settings(steps=110, warmup=10, learning_rate=1.0)
    rates = [rate_at(step, settings) for step in range(110)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == rates[10] == 1.0
    assert rates[60] == pytest.approx(0.5)
    assert rates[109] < 0.001


def test_gradients_are_clipped():
    moved = []
    for clip in (None, 1e-4):
        model, _ = state(steps=1, clip=clip, weight_decay=0.0)
        moved.append(sum(value.abs().sum().item() for value in model.state_dict().values()))
    assert moved[0] != moved[1]


def test_an_epoch_shows_every_row_once_and_processes_share_it():
    def rows(batches, **kwargs):
        chunks = ordered(10, size=2, seed=0, start=0, **kwargs)
        return torch.cat([next(chunks) for _ in range(batches)]).tolist()

    assert sorted(rows(5)) == list(range(10))
    assert not set(rows(2, rank=0, world=2)) & set(rows(2, rank=1, world=2))
    assert rows(10)[:10] != rows(10)[10:]  # the next epoch has another order


def test_tensorboard_logs_on_request(tmp_path):
    pytest.importorskip("tensorboard", reason="log_dir= needs isthmus[logging]")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    _, history = state(log_dir=tmp_path / "log", evaluate_every=20)
    log = EventAccumulator(str(tmp_path / "log"))
    log.Reload()
    told = [(event.step, pytest.approx(event.value)) for event in log.Scalars("loss/model")]
    assert [(point.step, point.losses["model"]) for point in history.points] == told
    assert len(told) == 3


def test_mixed_precision_trains():
    model, history = state(precision="bfloat16", steps=100, evaluate_every=20)
    assert history.points[-1].losses["model"] < history.points[0].losses["model"] - 0.3
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
    assert not same(model.state_dict(), state(steps=100, evaluate_every=20)[0].state_dict())  # it was another sum


class _Plain(nn.Linear):
    def forward(self, value, given):
        return super().forward(value)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "weights"
    subprocess.run([*RUN, str(out), "-"], check=True, cwd=ROOT)
    return load_file(out)


def test_ten_kills_at_random_moments_change_nothing(tmp_path, uninterrupted):
    """kill -9, resume, ten times: bit for bit the weights of a run that nobody disturbed."""
    chance = random.Random(0)
    out, frozen = tmp_path / "weights", tmp_path / "run.safetensors"
    kills = 0
    while kills < 10:
        run = subprocess.Popen([*RUN, str(out), str(frozen)], cwd=ROOT)
        known = frozen.stat().st_mtime_ns if frozen.exists() else 0
        began = time.monotonic()
        while run.poll() is None and time.monotonic() - began < 60:
            if frozen.exists() and frozen.stat().st_mtime_ns != known:
                break  # it has resumed and saved again: a moment from here on is one in the loop
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.12))
        if run.poll() is not None:
            break  # it finished before its time: the kills so far must do
        run.kill()
        run.wait()
        kills += 1
    assert kills >= 3  # a fast machine may finish before the tenth
    subprocess.run([*RUN, str(out), str(frozen)], check=True, cwd=ROOT)
    assert same(load_file(out), uninterrupted)


def started(out, frozen, number, handler):
    """A run that has saved once, begun where the signal is ignored or not: in a shell's background SIGINT is."""
    run = subprocess.Popen(
        [*RUN, str(out), str(frozen)], cwd=ROOT, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(number, handler),
    )  # fmt: skip
    while not frozen.exists() and run.poll() is None:
        time.sleep(0.005)
    return run


def test_a_signal_that_is_ignored_stays_ignored(tmp_path, uninterrupted):
    out, frozen = tmp_path / "weights", tmp_path / "run.safetensors"
    run = started(out, frozen, signal.SIGINT, signal.SIG_IGN)
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 0
    assert same(load_file(out), uninterrupted)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_signal_saves_and_ends_the_process(tmp_path, number, uninterrupted):
    out, frozen = tmp_path / "weights", tmp_path / "run.safetensors"
    run = started(out, frozen, number, signal.SIG_DFL)
    run.send_signal(number)
    assert run.wait(30) in (-number, 1)  # Python ends by KeyboardInterrupt with the signal's or its own code
    assert frozen.exists()
    assert not out.exists()
    subprocess.run([*RUN, str(out), str(frozen)], check=True, cwd=ROOT)
    assert same(load_file(out), uninterrupted)


def test_a_program_that_hears_the_signal_itself_gets_no_half_trained_model(tmp_path):
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        model = two_players()
        model.encoder.register_forward_hook(lambda *_: signal.raise_signal(signal.SIGTERM))
        batch = Batch(X, {"side": (X[:, 0] > 0).long()})
        with pytest.raises(KeyboardInterrupt, match="goes on from there"):
            train(model, batch, settings=Settings(steps=50, batch_size=32, checkpoint=tmp_path / "run"))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]
    assert (tmp_path / "run").exists()


def test_a_checkpoint_that_has_no_place_is_told_before_training(tmp_path):
    torch.manual_seed(0)
    model = denoising(6, width=8)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(OutputError, match=r"the folder .*none does not exist"):
        train(model, Batch(X), settings=Settings(steps=5, checkpoint=tmp_path / "none" / "run"))
    assert same(model.state_dict(), before)


def test_a_checkpoint_of_other_settings_or_another_model_is_refused(tmp_path):
    frozen = tmp_path / "run.safetensors"
    state(checkpoint=frozen)
    with pytest.raises(ModelError, match="another learning_rate"):
        state(checkpoint=frozen, learning_rate=0.5)
    with pytest.raises(ModelError, match="another model"):
        train(denoising(6, width=8), Batch(X), settings=Settings(steps=60, batch_size=32, checkpoint=frozen))
    with pytest.raises(ModelError, match="other data"):
        train(state(steps=1)[0], Batch(X + 1), settings=Settings(steps=60, batch_size=32, threads=1, checkpoint=frozen))
    whole = frozen.read_bytes()
    tensors, about = read_tensors(frozen)
    write_tensors(frozen, tensors, about | {"world": 2})
    with pytest.raises(ModelError, match="made by 2 processes, not 1"):
        state(checkpoint=frozen)
    for about in ([], {"version": 2}, {"version": 1}, {"version": 2, "settings": []}):
        write_tensors(frozen, {}, about)
        with pytest.raises(ModelError, match=r"run\.safetensors (is damaged, or no|has) checkpoint"):
            state(checkpoint=frozen)
    frozen.write_bytes(whole[:100])
    with pytest.raises(ModelError, match="damaged"):
        state(checkpoint=frozen)


def test_torchrun_spreads_the_same_script_and_resumes_it(tmp_path):
    out, frozen = tmp_path / "weights", tmp_path / "run.safetensors"
    # by address: the name of the machine need not resolve where the tests run
    here = ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0", "--local-addr", "127.0.0.1"]
    command = [sys.executable, "-m", "torch.distributed.run", *here, "--nproc-per-node", "2", "-m", *RUN[2:]]
    how: dict = {"cwd": ROOT, "stderr": subprocess.PIPE, "text": True}
    how["env"] = os.environ | {"GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run([*command, str(out), "-", "600"], **how)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stderr}"
    whole, second = load_file(out), load_file(tmp_path / "weights.1")
    learned = [name for name in whole if "running" not in name and "num_batches" not in name]
    assert all(torch.equal(whole[name], second[name]) for name in learned)

    run = subprocess.Popen([*command, str(out), str(frozen), "600"], **how)
    while not frozen.exists() and run.poll() is None:
        time.sleep(0.005)
    run.terminate()  # it asks its processes to end
    assert run.wait(60) != 0
    done = subprocess.run([*command, str(out), str(frozen), "600"], **how)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stderr}"
    assert same(load_file(out), whole)
