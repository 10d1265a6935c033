"""The whole recipe runs on a tiny random Llama on the CPU; `make test-training` runs it, `make test` does not.

Everything runs by its command, as an operator runs it, and nothing is downloaded.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.training.preference.samples import rated, write
from training.preference.data import Item, prompts_of, read_items, split_items
from training.preference.replies import score_items
from training.preference.run import Stage
from training.preference.stages import INSTRUCTION, chat, load_tokenizer

ROOT = Path(__file__).parents[3]
SPECIAL = ("<|begin|>", "<|end|>", "<|pad|>", "<|says|>")
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ message['role'] }}<|says|>{{ message['content'] }}{{ eos_token }}"
    "{% endfor %}{% if add_generation_prompt %}assistant<|says|>{% endif %}"
)
SETTINGS = {
    "reward_epochs": 20,
    "reward_batch": 4,
    "reward_learning_rate": 0.01,
    "policy_epochs": 2,
    "policy_batch": 4,
    "policy_learning_rate": 0.001,
    "prompts": 6,
    "samples": 3,
    "reply_tokens": 6,
    "length_limit": 5,
    "device_batch": 2,
    "save_steps": 2,
    "seed": 3,
}
FAST = [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]
PATIENCE_S = 300
OFFLINE = {
    **os.environ,
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",  # several threads wait for each other where cores are shared
}


def recipe(*words: object) -> str:
    """Run the recipe's command, which must succeed, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "training.preference", *map(str, words)],
        cwd=ROOT,
        env=OFFLINE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-4_000:]
    return done.stdout


def killed(complete: str, *words: object) -> None:
    """Start a command, and kill it with SIGKILL once a file of that pattern exists."""
    process = subprocess.Popen(
        [sys.executable, "-m", "training.preference", *map(str, words)],
        cwd=ROOT,
        env=OFFLINE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + PATIENCE_S
    run = Path(str(words[2]))
    while not list(run.glob(complete)):
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the pairs that the command prepared, of ten prompts in five groups."""
    folder = tmp_path_factory.mktemp("data")
    source = write(folder / "rated.jsonl", [rated(number) for number in range(10)])
    recipe("prepare", folder / "pairs.jsonl", "--rated", source)
    return folder / "pairs.jsonl"


@pytest.fixture(scope="module")
def items(data: Path) -> list[Item]:
    """Return the prepared pairs."""
    return read_items(data)


@pytest.fixture(scope="module")
def base(items: list[Item], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a random Llama of two layers, with a tokeniser that has a chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, set_seed

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=list(SPECIAL), initial_alphabet=alphabet)
    made.train_from_iterator([text for item in items for text in (item.prompt, item.chosen, item.rejected)], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token=SPECIAL[0], eos_token=SPECIAL[1], pad_token=SPECIAL[2]
    )
    tokenizer.chat_template = TEMPLATE
    set_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    folder = tmp_path_factory.mktemp("tiny") / "Tiny-Llama"
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def command(data: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """Return the command that trains all stages."""
    return ["train", data, tmp_path_factory.mktemp("runs") / "run", "--model", base, *FAST]


@pytest.fixture(scope="module")
def run(command: list[object]) -> Path:
    """Return a run of all stages, which was killed while its reward model and an online round were trained."""
    folder = Path(str(command[2]))
    killed("reward/checkpoints/checkpoint-*/trainer_state.json", *command)
    assert "going on from checkpoint-" in recipe(*command, "--only", "reward")
    killed("online/samples.jsonl", *command)
    assert "stage online-short" in recipe(*command)
    return folder


def told(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text())


def test_a_chat_has_the_prompt_and_the_reply(base: Path) -> None:
    """The client's words follow the instruction, and the reply is the assistant's turn."""
    said = load_tokenizer(str(base)).apply_chat_template(chat("It hurts.", "Where?"), tokenize=False)
    assert (
        said
        == f"<|begin|>user<|says|>{INSTRUCTION}\n\nThe client wrote:\nIt hurts.<|end|>assistant<|says|>Where?<|end|>"
    )


def test_a_killed_run_goes_on_and_ends(run: Path) -> None:
    """All stages end after two kills, and leave neither optimizer states nor a pickle."""
    for stage in Stage:
        done = told(run / stage / "done.json")
        assert done["pairs"] > 0
        assert done["steps"] > 0
        assert done["too_long"] == 0
        names = {path.name for path in (run / stage / "model").iterdir()}
        assert "model.safetensors" in names
        assert not {name for name in names if name.endswith((".bin", ".pt", ".pkl"))}
        assert not (run / stage / "checkpoints").exists()
    assert told(run / "reward" / "done.json")["resumed_from_step"] > 0


def test_the_reward_model_learns_the_pairs(run: Path, items: list[Item]) -> None:
    """The reward model puts the preferred reply above in the pairs it learned and in those held out."""
    for part in split_items(items, 3):
        leads = score_items(part, run / "reward")
        assert sum(lead > 0 for lead in leads) == len(leads)


def test_a_round_draws_replies_of_its_own(run: Path, items: list[Item]) -> None:
    """An online round draws the set number of replies to each of the set number of prompts, and scores each."""
    learned, _ = split_items(items, 3)
    for stage in (Stage.ONLINE, Stage.ONLINE_SHORT):
        lines = [json.loads(line) for line in (run / stage / "samples.jsonl").read_text().splitlines()]
        assert [line["prompt"] for line in lines] == list(range(min(6, len(prompts_of(learned)))))
        assert {len(line["replies"]) for line in lines} == {3}
        assert ((run / stage / "samples.jsonl").stat().st_mode & 0o077) == 0


def test_policies_move_away_from_where_they_began(run: Path, base: Path) -> None:
    """Each policy has other weights than the one it began with."""
    from safetensors.torch import load_file

    began = {
        Stage.OFFLINE: base,
        Stage.ONLINE: run / "offline" / "model",
        Stage.OFFLINE_SHORT: base,
        Stage.ONLINE_SHORT: run / "offline-short" / "model",
    }
    for stage, before in began.items():
        one, other = load_file(run / stage / "model" / "model.safetensors"), load_file(before / "model.safetensors")
        assert any(not one[name].equal(other[name]) for name in other)


def test_what_is_finished_is_not_trained_again(run: Path, command: list[object]) -> None:
    """The same command on a finished run trains nothing."""
    before = (run / "reward" / "done.json").stat().st_mtime_ns
    assert "stage" not in recipe(*command)
    assert (run / "reward" / "done.json").stat().st_mtime_ns == before


def test_an_evaluation_is_cut_short_and_goes_on(run: Path, data: Path) -> None:
    """An evaluation shows every stage beside the published figures, and keeps the replies it has."""
    said = " ".join(recipe("evaluate", data, run).split())
    for shown in ("held-out pairs", "start", *(stage for stage in Stage if stage is not Stage.REWARD), "87.0, 77.0"):
        assert shown in said
    kept = (run / "online" / "replies.jsonl").read_text()
    (run / "online" / "replies.jsonl").write_text(kept[: len(kept) - 9])  # the last line was being written
    assert " ".join(recipe("evaluate", data, run).split()) == said
    assert (run / "online" / "replies.jsonl").read_text() == kept
