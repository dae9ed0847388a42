"""The trainers' frame: resumed runs equal whole ones, the time box holds, averages and rates are what the plan says."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from generation.exceptions import NotPossible
from generation.mini.training import (
    Plan,
    Progress,
    State,
    averaged_weights,
    batch_of,
    load_averaged,
    parameters,
    resume,
    swapped,
    train,
)


class Slope:
    """A task of nine weights and a convolution, with noise of its own in each step."""

    def __init__(self, width: int = 3, channels_last: bool = False) -> None:
        torch.manual_seed(5)
        layers = nn.Sequential(nn.Conv2d(2, width, 3, padding=1), nn.Dropout(0.2), nn.Conv2d(width, 2, 1))
        if channels_last:
            layers = layers.to(memory_format=torch.channels_last)
        self.modules: dict[str, nn.Module] = {"layers": layers, "norm": nn.BatchNorm2d(2)}
        self.width = width

    def loss(self, step: int, plan: Plan, generator: torch.Generator) -> tuple[Tensor, dict[str, float]]:
        del step
        given = torch.randn(plan.batch, 2, 4, 4, generator=generator)
        made = self.modules["norm"](self.modules["layers"](given))
        return (made - given.flip(1)).square().mean(), {"mean": float(given.mean())}

    def settings(self) -> dict[str, Any]:
        return {"width": self.width}


PLAN = Plan(steps=10, batch=4, warmup=3, log_every=2)


def _all(folder: Path) -> dict[str, Tensor]:
    return averaged_weights(folder)[0]


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("kills", [(3,), (1, 2, 7), (9,)])
def test_a_resumed_training_is_bit_for_bit_an_uninterrupted_one(
    tmp_path: Path, kills: tuple[int, ...], channels_last: bool
) -> None:
    whole = Slope(channels_last=channels_last)
    train(whole, PLAN, tmp_path / "whole")
    for kill in kills:
        part = Slope(channels_last=channels_last)
        counted = iter(range(100))
        stays = kill - resume(part, PLAN, tmp_path / "parts").progress.step
        train(Slope(channels_last=channels_last), PLAN, tmp_path / "parts", stop=lambda: next(counted) >= stays)  # noqa: B023
    ended = Slope(channels_last=channels_last)
    assert train(ended, PLAN, tmp_path / "parts").step == 10
    for name, module in whole.modules.items():
        for key, value in module.state_dict().items():
            assert torch.equal(value, ended.modules[name].state_dict()[key]), key
    one, other = _all(tmp_path / "whole"), _all(tmp_path / "parts")
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[key]) for key, value in one.items())
    lines = [
        [{k: v for k, v in json.loads(line).items() if k != "core_seconds"} for line in path.read_text().splitlines()]
        for path in (tmp_path / "whole" / "log.jsonl", tmp_path / "parts" / "log.jsonl")
    ]
    assert [line["step"] for line in lines[0]] == [2, 4, 6, 8, 10]
    assert lines[0][-1]["samples"] == 40
    assert {line["step"] for line in lines[1]} <= {2, 4, 6, 8, 10}


def test_a_kill_without_a_last_word_goes_back_to_the_checkpoint(tmp_path: Path) -> None:
    """Steps and log lines after the last checkpoint are made again, and come out the same."""
    plan = Plan(steps=8, batch=4, warmup=3, log_every=1, save_minutes=0)
    train(Slope(), plan, tmp_path / "whole")
    calls = 0

    def break_down() -> bool:
        nonlocal calls
        calls += 1
        if calls == 6:
            raise KeyboardInterrupt
        return False

    rare = Plan(**{**PLAN.__dict__, "steps": 8, "log_every": 1})
    with pytest.raises(KeyboardInterrupt):
        train(Slope(), rare, tmp_path / "killed", stop=break_down)
    train(Slope(), plan, tmp_path / "killed")
    assert all(torch.equal(value, _all(tmp_path / "killed")[key]) for key, value in _all(tmp_path / "whole").items())
    steps = [json.loads(line)["step"] for line in (tmp_path / "killed" / "log.jsonl").read_text().splitlines()]
    assert steps == list(range(1, 9))


def test_the_time_box_ends_a_call_and_keeps_its_work(tmp_path: Path) -> None:
    endless = Plan(steps=10**9, batch=2, log_every=5)
    progress = train(Slope(), endless, tmp_path, minutes=0.005)
    assert 0 < progress.step < 10**6
    assert progress.core_seconds > 0
    further = train(Slope(), endless, tmp_path, minutes=0.005)
    assert further.step > progress.step
    assert train(Slope(), endless, tmp_path, minutes=0).step == further.step


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    train(Slope(), PLAN, tmp_path)
    with pytest.raises(NotPossible, match=r"other settings.*another folder"):
        train(Slope(width=4), PLAN, tmp_path)


def test_visits_come_once_after_their_samples(tmp_path: Path) -> None:
    seen: list[int] = []

    def visit(_: Any, state: State) -> None:
        seen.append(state.progress.samples)

    visits = dict.fromkeys((1, 10, 40, 41), visit)
    counted = iter(range(100))
    train(Slope(), PLAN, tmp_path, visits=visits, stop=lambda: next(counted) >= 4)
    assert seen == [4, 12]
    train(Slope(), PLAN, tmp_path, visits=visits)
    assert seen == [4, 12, 40]


def test_averaged_weights_are_a_slow_copy_and_go_back(tmp_path: Path) -> None:
    task = Slope()
    train(task, PLAN, tmp_path)
    state = resume(task, PLAN, tmp_path)
    own = {key: value.detach().clone() for key, value in parameters(task.modules).items()}
    assert any(not torch.equal(own[key], state.averaged[key]) for key in own)
    with swapped(task.modules, state.averaged):
        assert not task.modules["norm"].training
        assert all(torch.equal(value, state.averaged[key]) for key, value in parameters(task.modules).items())
    assert all(torch.equal(value, own[key]) for key, value in parameters(task.modules).items())
    other = Slope()
    said = load_averaged(other.modules, tmp_path)
    assert said["settings"] == {"width": 3}
    assert Progress(**said["progress"]).samples == 40
    assert torch.equal(parameters(other.modules)["layers.0.weight"], state.averaged["layers.0.weight"])
    assert torch.equal(other.modules["norm"].running_var, task.modules["norm"].running_var)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("step", "rate"),
    [(0, 0.25), (3, 1.0), (49, 1.0), (75, 0.1 + 0.9 * 0.5), (100, 0.1)],
    ids=["first", "warm", "level", "half down", "end"],
)
def test_the_rate_rises_stays_and_falls(step: int, rate: float) -> None:
    plan = Plan(steps=100, batch=1, rate=1.0, warmup=4, decay_from=0.5, last_rate=0.1)
    assert math.isclose(plan.rate_at(step), rate)


def test_batches_take_every_sample_once_in_a_round() -> None:
    plan = Plan(steps=1, batch=4, seed=3)
    drawn = torch.cat([batch_of(10, plan, step) for step in range(5)])
    assert sorted(drawn[:10].tolist()) == sorted(drawn[10:].tolist()) == list(range(10))
    assert drawn[:10].tolist() != drawn[10:].tolist()
    assert batch_of(10, plan, 2).tolist() == drawn[8:12].tolist()
    assert batch_of(3, plan, 0).tolist() == batch_of(3, plan, 0).tolist()
    assert len(batch_of(3, plan, 0)) == 4
