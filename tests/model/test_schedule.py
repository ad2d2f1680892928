"""Sizes, rates and averages by epoch."""

import pytest
import torch

from model.schedule import Average, Schedule


def test_stages_come_first_then_the_final_size():
    schedule = Schedule(epochs=6, image=32, stages=((16, 2), (24, 1)), rate=1.0)
    assert [schedule.size(epoch) for epoch in range(6)] == [16, 16, 24, 32, 32, 32]


def test_the_rate_rises_and_falls():
    schedule = Schedule(epochs=10, image=32, rate=0.2, warmup=2)
    rates = [schedule.rate_at(epoch / 10) for epoch in range(100)]
    assert max(rates) == schedule.rate_at(2) == 0.2
    assert rates[:20] == sorted(rates[:20])
    assert rates[20:] == sorted(rates[20:], reverse=True)
    assert 0 < rates[0] < 0.001
    assert schedule.rate_at(6) == pytest.approx(0.1)
    assert schedule.rate_at(10) == pytest.approx(0.0002)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"stages": ((16, 5),)}, "stages take 5 epochs, which leaves none of 5"),
        ({"warmup": 5}, "warmup must be at least 0, below 5"),
    ],
)
def test_impossible(changes, message):
    with pytest.raises(ValueError, match=message):
        Schedule(**{"epochs": 5, "image": 32, "rate": 0.1} | changes)


def test_the_average_follows_slowly_and_statistics_with_it():
    module = torch.nn.BatchNorm2d(1)
    average = Average(module, 0.9)
    with torch.no_grad():
        module.weight.fill_(2.0)
        module.running_mean.fill_(1.0)
        module.num_batches_tracked += 5
    seen = [1.0]
    for _ in range(200):
        average.update(module)
        seen.append(float(average.state["weight"]))
    assert seen == sorted(seen)
    assert seen[1] == pytest.approx(1.9)  # early on, it follows quickly
    assert seen[-1] == pytest.approx(2.0)
    assert float(average.state["running_mean"]) == pytest.approx(1.0)
    assert int(average.state["num_batches_tracked"]) == 5


def test_a_late_step_moves_it_by_one_minus_the_decay():
    module = torch.nn.BatchNorm2d(1)
    average = Average(module, 0.9)
    average.steps = 1000
    torch.nn.init.zeros_(module.weight)
    average.update(module)
    assert float(average.state["weight"]) == pytest.approx(0.9)


def test_no_average_is_the_weights():
    module = torch.nn.BatchNorm2d(1)
    average = Average(module, 0.0)
    torch.nn.init.constant_(module.weight, 0.3)
    average.update(module)
    assert torch.equal(average.state["weight"], module.weight)
