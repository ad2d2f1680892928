"""The student, and the loss."""

import pytest
import torch

from model import distill
from model.distill import Student
from model.squeezenet import SqueezeNet
from spec.squeezenet import Metaparameters, squeezenet


def test_a_student_s_scores_are_its_network_s_and_hints_come_from_below_the_last_layer():
    network = squeezenet(
        Metaparameters(classes=3, image_size=24, num_filters=8, base_e=8, incr_e=8, blocks=1)
    )
    module = SqueezeNet(network).eval()
    images = torch.rand(2, 3, 24, 24)
    scores, hints = Student(module)(images)
    assert hints is None
    assert torch.equal(scores, module(images))
    student = Student(module, hints=7)
    scores, hints = student(images)
    assert torch.equal(scores, module(images))
    assert torch.equal(hints, student.hint(module.trunk(images).mean(dim=(2, 3))))
    assert hints.shape == (2, 7)
    hints.sum().backward()
    assert module.get_submodule(network.last.name).conv.weight.grad is None
    assert module.conv1.conv.weight.grad.abs().sum() > 0


def test_the_loss_is_zero_for_the_teacher_itself_and_has_the_scale_of_cross_entropy():
    scores = torch.randn(8, 5)
    softened = (scores / 3).softmax(dim=1)
    assert float(distill.distillation_loss(scores, softened, 3.0)) == pytest.approx(0, abs=1e-5)
    student = (-scores / 3).softmax(dim=1)
    divergence = (softened * (softened.log() - student.log())).sum(dim=1).mean()
    torch.testing.assert_close(distill.distillation_loss(-scores, softened, 3.0), 9 * divergence)
    # At temperature 1, it is cross-entropy minus the teacher's own entropy.
    other, softened = torch.randn(8, 5), scores.softmax(dim=1)
    entropy = -(softened * softened.log()).sum(dim=1).mean()
    wanted = torch.nn.functional.cross_entropy(other, softened) - entropy
    torch.testing.assert_close(distill.distillation_loss(other, softened, 1.0), wanted)
