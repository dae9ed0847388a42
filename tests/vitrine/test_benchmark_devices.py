"""`--device` of benchmarks: the machine's own is taken, and what it lacks is said before anything is measured."""

import subprocess
import sys
from argparse import ArgumentTypeError
from pathlib import Path

import pytest
import torch

from benchmarks.devices import device

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.parametrize(("asked", "taken"), [("cpu", "cpu"), ("auto", "cpu")])
def test_a_machine_without_a_gpu_measures_on_its_cpu(asked: str, taken: str, no_gpu: None) -> None:
    assert device(asked) == taken


@pytest.mark.parametrize("asked", ["cuda", "mps", "cuda:1"])
def test_a_gpu_that_is_not_there_is_said_plainly(asked: str, no_gpu: None) -> None:
    with pytest.raises(ArgumentTypeError, match=f"no GPU: The device {asked} was asked for and torch finds none"):
        device(asked)


def test_a_device_that_does_not_exist_is_named() -> None:
    with pytest.raises(ArgumentTypeError, match="There is no device 'gpu'; devices are auto, cuda, mps and cpu"):
        device("gpu")


def test_a_gpu_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert (device("cuda"), device("auto")) == ("cuda", "cuda")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_benchmark_ends_before_it_measures() -> None:
    script = [sys.executable, "benchmarks/training.py", "--device", "cuda", "--shapes", "sd15"]
    done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200)
    assert (done.returncode, done.stdout) == (2, "")
    assert "argument --device: no GPU:" in done.stderr
    assert "Traceback" not in done.stderr
