"""LoRA adapters from folders: those of another base, damaged and empty ones are refused in one line, and by all three
who put them on a model: the agent's own model, the adapter server, the manager of adapters in memory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from agents.llm.adapters import CONFIG_FILE, WEIGHTS_FILE, check_base, put_adapter, read_adapter
from agents.llm.huggingface import HuggingFaceModel
from agents.llm.settings import LocalModelSettings
from agents.text.text_policy import load_policy
from core.exceptions import CheckpointError, ConfigurationError, LLMConnectionError
from tests.tiny_adapters import make_adapters
from tests.tiny_models import make_model
from trainer.serving.adapter_engine import AdapterEngine
from trainer.serving.lora import LoRAConfig, LoRAManager


class Samples:
    """A model and its adapter, and a twin of the same shape with other weights and its adapter."""

    def __init__(self, folder: Path) -> None:
        self.model, self.twin = make_model(folder / "one" / "model"), make_model(folder / "two" / "model", seed=1)
        (self.adapter,) = make_adapters(self.model, folder / "one", seeds=(1,))
        (self.twins,) = make_adapters(self.twin, folder / "two", seeds=(1,))


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return Samples(tmp_path_factory.mktemp("adapters"))


def with_settings(**changes: Any) -> Callable[[Path], object]:
    def spoil(folder: Path) -> None:
        path = folder / CONFIG_FILE
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return spoil


def with_tensors(change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Callable[[Path], object]:
    return lambda folder: save_file(change(load_file(folder / WEIGHTS_FILE)), folder / WEIGHTS_FILE)


DAMAGES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "no settings": ("has no adapter_config.json", lambda folder: (folder / CONFIG_FILE).unlink()),
    "no weights": ("has no adapter_model.safetensors", lambda folder: (folder / WEIGHTS_FILE).unlink()),
    "settings that are no JSON": ("describes no LoRA adapter", lambda folder: (folder / CONFIG_FILE).write_text("{")),
    "deep settings": ("describes no LoRA adapter", lambda folder: (folder / CONFIG_FILE).write_text("[" * 100_000)),
    "a list": ("describes no LoRA adapter", lambda folder: (folder / CONFIG_FILE).write_text("[]")),
    "another method": ("peft_type", with_settings(peft_type="IA3")),
    "a rank of many digits": ("r: Input should be", with_settings(r=10**30)),
    "a rank that its weights do not have": ("says rank 3, the weights have rank 4", with_settings(r=3)),
    "code to import": ("uses megatron_config", with_settings(megatron_config={"a": 1}, megatron_core="antigravity")),
    "cut weights": ("cannot be read", lambda folder: (folder / WEIGHTS_FILE).write_bytes(b"\x08" * 100)),
    "an empty file": ("cannot be read", lambda folder: (folder / WEIGHTS_FILE).write_bytes(b"")),
    "weightless": ("holds no weights", with_tensors(lambda tensors: {})),
    "a weight is missing": ("1 weights are missing", with_tensors(lambda tensors: dict(list(tensors.items())[1:]))),
    "a weight too many": (
        "no place for 1 weights, the first is lm_head.weight",
        with_tensors(lambda tensors: tensors | {"lm_head.weight": torch.zeros(2)}),
    ),
    "another width": (
        "have another shape",
        with_tensors(lambda tensors: {key: torch.cat([one, one], 1) for key, one in tensors.items()}),
    ),
    "not a number": ("not finite", with_tensors(lambda tensors: {key: one / 0 for key, one in tensors.items()})),
    "layers that the model does not have": ("does not fit", with_settings(target_modules=["nowhere"])),
    "another base": ("was made for the model 'Qwen/Other-1B'", with_settings(base_model_name_or_path="Qwen/Other-1B")),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_adapter_is_one_clear_error(samples: Samples, tmp_path: Path, name: str) -> None:
    says, spoil = DAMAGES[name]
    folder = tmp_path / "spoilt"
    shutil.copytree(samples.adapter, folder)
    spoil(folder)
    with pytest.raises(LLMConnectionError, match=says) as caught:
        HuggingFaceModel(str(samples.model), settings=LocalModelSettings("cpu", adapter=str(folder)))
    assert str(caught.value).count("\n") == 0 and len(str(caught.value)) < 700


def test_server_and_manager_refuse_them_too_and_stay_as_they_were(samples: Samples, tmp_path: Path) -> None:
    engine = AdapterEngine(load_policy(str(samples.model)))
    manager = LoRAManager({0: LoRAConfig(0, rank=4)})
    (policy,) = manager.attach(load_policy(str(samples.model))).values()
    before = [parameter.detach().clone() for parameter in policy.trainable_parameters()]
    for name, (says, spoil) in DAMAGES.items():
        folder = tmp_path / name
        shutil.copytree(samples.adapter, folder)
        spoil(folder)
        with pytest.raises(CheckpointError, match=says):
            engine.load_adapter("spoilt", folder).result(30)
        if name != "layers that the model does not have":  # the manager has its own layers
            with pytest.raises(CheckpointError, match=says):
                manager.load(0, folder)
    assert engine.adapters == ()
    engine.load_adapter("good", samples.adapter).result(30)
    assert engine.adapters == ("good",)
    engine.close()
    after = policy.trainable_parameters()
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))


def test_an_adapter_of_another_base_of_the_same_shape_is_refused(samples: Samples) -> None:
    """Even if both bases lie in folders of the same name: their weights are compared."""
    model = load_policy(str(samples.twin))
    with pytest.raises(LLMConnectionError, match=r"was made for the model '.*one/model', not for '.*two/model'"):
        HuggingFaceModel(str(samples.twin), settings=LocalModelSettings("cpu", adapter=str(samples.adapter)))
    manager = LoRAManager({1: LoRAConfig(1, rank=4)})
    manager.attach(model)
    with pytest.raises(CheckpointError, match="was made for the model"):
        manager.load(1, samples.adapter)
    manager.load(1, samples.twins)


def test_a_base_may_move_and_a_hub_name_may_become_a_folder(samples: Samples, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(samples.model, moved)
    saved = read_adapter(samples.adapter)
    check_base(saved, str(moved))  # the same weights at another place
    shutil.copytree(samples.adapter, tmp_path / "adapter")
    with_settings(base_model_name_or_path="Someone/Moved")(tmp_path / "adapter")
    check_base(read_adapter(tmp_path / "adapter"), str(moved))
    with_settings(base_model_name_or_path=None)(tmp_path / "adapter")
    check_base(read_adapter(tmp_path / "adapter"), str(samples.twin))  # nobody knows


def test_an_adapter_that_fits_has_its_effect(samples: Samples) -> None:
    from peft import PeftModel

    policy = load_policy(str(samples.model))
    ids = torch.arange(9)[None]
    with torch.inference_mode():
        plain = policy.model(ids).logits
        theirs = PeftModel.from_pretrained(load_policy(str(samples.model)).model, samples.adapter)(ids).logits
        ours = put_adapter(policy.model, read_adapter(samples.adapter), "mine").eval()(ids).logits
    assert torch.equal(ours, theirs) and not torch.allclose(ours, plain)


def test_a_saved_scale_must_be_that_of_the_configuration(samples: Samples) -> None:
    manager = LoRAManager({1: LoRAConfig(1, rank=4, alpha=8.0)})
    manager.attach(load_policy(str(samples.model)))
    with pytest.raises(CheckpointError, match="its alpha is 32, that of the configuration 8"):
        manager.load(1, samples.adapter)


def test_dropout_acts_while_an_adapter_learns_and_only_then(samples: Samples) -> None:
    manager = LoRAManager({1: LoRAConfig(1, rank=4, dropout=0.5), 2: LoRAConfig(2, rank=4, dropout=0.0)})
    policies = manager.attach(load_policy(str(samples.model)))
    for policy in policies.values():
        for parameter in policy.trainable_parameters():
            torch.nn.init.normal_(parameter.data, std=0.5)
    ids = torch.arange(9)[None]

    def logits(lora_id: int) -> torch.Tensor:
        policies[lora_id].select()
        return policies[lora_id].model(ids).logits.detach()

    still = logits(1)
    with manager.learning(1) as policy:
        assert policy is policies[1] and not torch.equal(logits(1), logits(1))
    assert torch.equal(logits(1), still)
    with manager.learning(2):
        assert torch.equal(logits(2), logits(2))


def test_places_of_adapters_are_checked(samples: Samples) -> None:
    with pytest.raises(ConfigurationError, match="port 99999"):
        LoRAConfig(0, port=99999)
    with pytest.raises(ConfigurationError, match="gpu_id -1"):
        LoRAConfig(0, gpu_id=-1)
    with pytest.raises(ConfigurationError, match=r"gpu_id are \[0, 1\]"):
        LoRAManager({0: LoRAConfig(0), 1: LoRAConfig(1, gpu_id=1)}).attach(load_policy(str(samples.model)))
