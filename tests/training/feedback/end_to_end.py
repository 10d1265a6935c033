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

from stream.contracts.vocabulary import Mechanism
from stream.feedback.models.prompt import PROMPT_VERSION
from stream.model_repository import read_parameters
from tests.training.feedback.samples import lines, write
from training.feedback.data import Item, read_items
from training.feedback.explanations import word_overlap
from training.feedback.tokens import prompt_token_ids, stop_token_ids, tokenise

ROOT = Path(__file__).parents[3]
SPECIAL = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|eom_id|>",
    "<|eot_id|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
)
EXCHANGES = 20  # ten sessions, the fewest that five folds take
FAST = (
    "--batch",
    "1",
    "--accumulation",
    "1",
    "--eval-steps",
    "6",
    "--epochs",
    "0.5",
    "--learning-rate",
    "0.01",
    "--seed",
    "3",
)
PATIENCE_S = 300
OFFLINE = {
    **os.environ,
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",  # several threads wait for each other where cores are shared
}


def recipe(*words: object) -> str:
    """Run the recipe's command, and return what it printed."""
    return ran(sys.executable, "-m", "training.feedback", *words)


def ran(*command: object) -> str:
    """Run a command that must succeed, and return what it printed."""
    done = subprocess.run(
        [str(word) for word in command], cwd=ROOT, env=OFFLINE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-4_000:]
    return done.stdout


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the training data that the command prepared."""
    folder = tmp_path_factory.mktemp("data")
    recipe("prepare", write(folder / "set.jsonl", lines(EXCHANGES)), folder / "data.jsonl")
    return folder / "data.jsonl"


@pytest.fixture(scope="module")
def items(data: Path) -> list[Item]:
    """Return the items of the prepared data."""
    return read_items(data)


@pytest.fixture(scope="module")
def base(items: list[Item], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a random Llama of two layers, with a tokeniser that has Llama's special tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, set_seed

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=3_000, special_tokens=list(SPECIAL), initial_alphabet=alphabet)
    made.train_from_iterator([text for item in items for text in (item.instruction, item.output)], trainer)
    bos = (SPECIAL[0], made.token_to_id(SPECIAL[0]))
    made.post_processor = processors.TemplateProcessing(single=f"{bos[0]} $A", special_tokens=[bos])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, bos_token=SPECIAL[0], eos_token=SPECIAL[3])
    set_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=8_192,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    folder = tmp_path_factory.mktemp("tiny") / "Tiny-Llama"
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tokenizer(base: Path) -> Any:
    """Return the tokenizer as the recipe loads it."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(base, local_files_only=True)


@pytest.fixture(scope="module")
def full(data: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a full run: one fold that was killed and resumed, then the model to serve."""
    run = tmp_path_factory.mktemp("runs") / "full"
    command = ("train", data, run, "--model", base, "--method", "full", *FAST)
    killed(run / "fold-0", *command, "--fold", "0")
    assert "going on from checkpoint-" in recipe(*command, "--fold", "0")
    recipe(*command, "--final")
    return run


@pytest.fixture(scope="module")
def lora(data: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same kind of run with an adapter."""
    run = tmp_path_factory.mktemp("runs") / "lora"
    command = ("train", data, run, "--model", base, "--method", "lora", *FAST)
    killed(run / "fold-0", *command, "--fold", "0")
    assert "going on from checkpoint-" in recipe(*command, "--fold", "0")
    recipe(*command, "--final")
    return run


def killed(part: Path, *command: object) -> None:
    """Start training, and kill it with SIGKILL once a checkpoint is complete."""
    words = [sys.executable, "-m", "training.feedback", *map(str, command)]
    process = subprocess.Popen(
        words, cwd=ROOT, env=OFFLINE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    until = time.monotonic() + PATIENCE_S
    while not list(part.glob("checkpoints/checkpoint-*/trainer_state.json")):
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (part / "done.json").exists()


def told(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text())


def test_a_prompt_begins_once_and_an_answer_ends(tokenizer: Any, items: list[Item]) -> None:
    """A prompt begins with one begin-of-text, where the server adds its own, and an answer ends."""
    item = items[0]
    assert tokenizer(item.instruction)["input_ids"] == prompt_token_ids(tokenizer, item.instruction)
    encoded = tokenise(tokenizer, item.instruction, item.output)
    assert encoded.input_ids.count(tokenizer.bos_token_id) == 1
    assert encoded.input_ids[0] == tokenizer.bos_token_id
    assert encoded.input_ids[-1] == tokenizer.get_vocab()["<|eot_id|>"]
    assert set(stop_token_ids(tokenizer)) == {tokenizer.get_vocab()[end] for end in SPECIAL[1:4]}


def test_the_loss_is_on_the_answer_alone(tokenizer: Any, items: list[Item]) -> None:
    """The loss is on the answer alone, and on nothing of the chat."""
    encoded = tokenise(tokenizer, items[0].instruction, items[0].output)
    learnt = [label for label in encoded.labels if label != -100]
    assert tokenizer.decode(learnt) == items[0].output + "<|eot_id|>"


@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_killed_run_goes_on_and_ends(method: str, request: pytest.FixtureRequest) -> None:
    """A killed run resumes and ends, and leaves neither optimizer states nor a pickle."""
    run: Path = request.getfixturevalue(method)
    done = told(run / "fold-0" / "done.json")
    assert 0 < done["resumed_from_step"] < done["steps"]
    assert done["drawn"] > done["items"]
    assert done["too_long"] == 0
    assert not (run / "fold-0" / "checkpoints").exists()
    names = {path.name for path in (run / "final" / "model").iterdir()}
    assert {"model.safetensors", "adapter_model.safetensors"} & names
    assert not {name for name in names if name.endswith((".bin", ".pt", ".pkl"))}


@pytest.mark.parametrize("method", ["full", "lora"])
def test_what_is_trained_stays_in_32_bits(method: str, request: pytest.FixtureRequest) -> None:
    """Weights that are trained are 32-bit floats, since a 16-bit one does not move by a small step."""
    from safetensors import safe_open

    run: Path = request.getfixturevalue(method)
    (path,) = (run / "final" / "model").glob("*.safetensors")
    with safe_open(path, framework="pt") as weights:
        assert {str(weights.get_tensor(name).dtype) for name in weights.keys()} == {"torch.float32"}  # noqa: SIM118


@pytest.mark.parametrize("method", ["full", "lora"])
def test_the_tokens_of_a_part_are_counted(
    method: str, items: list[Item], tokenizer: Any, request: pytest.FixtureRequest
) -> None:
    """A finished part says how many tokens it read in all steps, those of an earlier call included."""
    run: Path = request.getfixturevalue(method)
    done = told(run / "fold-0" / "done.json")
    shortest = min(len(tokenise(tokenizer, item.instruction, item.output).input_ids) for item in items)
    longest = max(len(tokenise(tokenizer, item.instruction, item.output).input_ids) for item in items)
    assert done["steps"] * shortest <= done["tokens"] <= done["steps"] * longest
    assert done["peak_bytes"] > 0


@pytest.mark.parametrize("method", ["full", "lora"])
def test_what_is_finished_is_not_trained_again(
    method: str, data: Path, base: Path, request: pytest.FixtureRequest
) -> None:
    """A finished run is not trained again."""
    run: Path = request.getfixturevalue(method)
    before = (run / "fold-0" / "done.json").stat().st_mtime_ns
    recipe("train", data, run, "--model", base, "--method", method, *FAST, "--fold", "0")
    assert (run / "fold-0" / "done.json").stat().st_mtime_ns == before


def test_it_learns(full: Path, base: Path, items: list[Item]) -> None:
    """The loss on held-out sessions is below that of the random model it began with."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(base, local_files_only=True)
    encoded = tokenise(AutoTokenizer.from_pretrained(base), items[0].instruction, items[0].output)
    with torch.inference_mode():
        random = model(torch.tensor([encoded.input_ids]), labels=torch.tensor([encoded.labels])).loss.item()
    assert told(full / "fold-0" / "done.json")["best_eval_loss"] < random * 0.8


@pytest.mark.parametrize("method", ["full", "lora"])
def test_an_evaluation_is_cut_short_and_goes_on(method: str, data: Path, request: pytest.FixtureRequest) -> None:
    """An interrupted evaluation resumes without asking twice, and writes figures and a card."""
    run: Path = request.getfixturevalue(method)
    said = recipe("evaluate", data, run, "--max-tokens", "24")
    for shown in ("Macro-F1", "80.92", "45.37", "not comparable", "Respect for Autonomy", "cannot be read"):
        assert shown in " ".join(said.split())
    found = told(run / "evaluation.json")
    assert found["folds"] == [0]
    assert set(found["mechanisms"]) == set(Mechanism)
    path = run / "fold-0" / "answers.jsonl"
    kept = path.read_text().splitlines()
    assert len(kept) == found["exchanges"] > 0
    path.write_text("\n".join(kept)[:-9])  # the last line was being written
    recipe("evaluate", data, run, "--max-tokens", "24")
    again = path.read_text().splitlines()
    assert again[:-1] == kept[:-1]
    assert json.loads(again[-1])["text"] == json.loads(kept[-1])["text"]
    card = (run / "MODEL_CARD.md").read_text()
    assert "not comparable" in card
    assert "What is not known" in card


def test_answers_held_to_our_schema_can_be_read(full: Path, items: list[Item], tokenizer: Any) -> None:
    """An answer that is held to the schema is a whole answer, or the beginning of one where the tokens ran out."""
    from transformers import AutoModelForCausalLM

    from stream.feedback.models.llm import answer_schema
    from training.feedback.constrained import ConstrainedWriter

    model = AutoModelForCausalLM.from_pretrained(full / "final" / "model", local_files_only=True)
    writer = ConstrainedWriter(model.eval(), tokenizer)
    short = {"type": "object", "properties": {"level": {"enum": [0, 1, 2]}}, "required": ["level"]}
    whole = writer.write(items[0].instruction, {**short, "additionalProperties": False}, 50)
    assert whole.finish_reason == "stop"
    assert json.loads(whole.text) in [{"level": level} for level in range(3)]
    cut = writer.write(items[0].instruction, answer_schema(), 20)
    assert cut.finish_reason == "length"
    assert cut.text.startswith('{"critical_content": ')


def test_a_finished_part_answers_by_line(full: Path, items: list[Item]) -> None:
    """The command `serve` answers a request on its standard input with text held to the schema."""
    schema = {"type": "object", "properties": {"a": {"enum": [1]}}, "required": ["a"], "additionalProperties": False}
    line = json.dumps({"prompt": items[0].instruction, "answer_schema": schema, "max_tokens": 20})
    done = subprocess.run(
        [sys.executable, "-m", "training.feedback", "serve", str(full)],
        cwd=ROOT,
        env=OFFLINE,
        input=line + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[0] == "ready"
    assert json.loads(done.stdout.splitlines()[1]) == {"text": '{"a": 1}', "finish_reason": "stop"}


def test_a_shape_is_measured_at_each_batch() -> None:
    """A shape is measured at each size of batch, with the number of its weights and no GPU memory on a CPU."""
    from training.feedback.shape import measure_shape

    tiny = {"vocab_size": 64, "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1,
            "num_attention_heads": 2, "num_key_value_heads": 1}  # fmt: skip
    found = measure_shape(tiny, batches=(1, 2), prompt_tokens=4, answer_tokens=3)
    assert [each.batch for each in found.batches] == [1, 2]
    assert found.parameters > 64 * 8
    assert found.bytes_a_weight in {2, 4}
    assert all(each.whole_s >= each.read_s for each in found.batches)


def test_all_weights_are_packaged(full: Path, base: Path, tmp_path: Path) -> None:
    """A fully trained model is packaged under a name with its hash, and the output names the folder to mount."""
    said = ran(sys.executable, "-m", "plugin.cli", "model", "package", full, "--out", tmp_path)
    engine = told(tmp_path / "feedback_llm" / "1" / "model.json")
    name = Path(engine["model"]).name
    assert name.startswith("tiny-llama-")
    parameters = read_parameters(tmp_path / "feedback_llm")
    assert parameters["weights"] == name
    assert parameters["display_name"] == f"{base.name}, fine-tuned"
    assert parameters["prompt_version"] == PROMPT_VERSION
    assert engine["model"] in said
    assert "model check" in said


def test_an_adapter_is_packaged(lora: Path, tmp_path: Path) -> None:
    """An adapter is packaged beside the base model, under the name that the output says to set."""
    said = ran(sys.executable, "-m", "plugin.cli", "model", "package", lora, "--out", tmp_path)
    folder = tmp_path / "feedback_llm" / "1"
    ((name, _),) = told(folder / "multi_lora.json").items()
    assert told(folder / "model.json")["enable_lora"] == "true"
    assert f'feedback.lora = "{name}"' in said


def test_word_overlap_is_that_of_hand_counts() -> None:
    """The word overlap of a pair of sentences equals the values worked out by hand.

    Four words, three of them right, two pairs of them: 3/4 and 2/3, and BLEU-2 is their geometric mean.
    """
    found = word_overlap(["the cat sat down"], ["The cat sat here."])
    assert found["BLEU-1"] == pytest.approx(75.0)
    assert found["BLEU-2"] == pytest.approx(100 * (3 / 4 * 2 / 3) ** 0.5, abs=0.01)
    assert found["ROUGE-1"] == pytest.approx(75.0)
    assert found["ROUGE-2"] == pytest.approx(66.67, abs=0.01)
    assert found["ROUGE-L"] == pytest.approx(75.0)
    assert word_overlap(["", "the cat"], ["a dog", "the cat"])["ROUGE-1"] == pytest.approx(50.0)
