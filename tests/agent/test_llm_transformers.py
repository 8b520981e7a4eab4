"""The transformers backend with a tiny model of random weights."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from agent.llm.protocol import Message, Sampling
from agent.llm.transformers_local import TransformersLLM, TransformersSettings
from store.errors import BackendError, BackendTimeout

PROMPT = [Message("user", "hello")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte-level GPT-2 of 2 layers, 16 dimensions."""
    path = tmp_path_factory.mktemp("tiny")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate((*alphabet, "<end>"))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>").save_pretrained(path)
    torch.manual_seed(0)
    end = vocabulary["<end>"]
    config = GPT2Config(
        vocab_size=len(vocabulary), n_positions=512, n_embd=16, n_layer=2, n_head=2, eos_token_id=end, bos_token_id=end
    )
    GPT2LMHeadModel(config).save_pretrained(path)
    return path


@pytest.fixture
def llm(folder: Path) -> Iterator[TransformersLLM]:
    backend = TransformersLLM(TransformersSettings(model=str(folder)))
    yield backend
    backend.close()


def test_same_seed_same_reply(llm: TransformersLLM) -> None:
    replies = ["".join(llm.generate(PROMPT, max_tokens=20)) for _ in range(2)]
    assert replies[0] == replies[1]
    assert replies[0]


def test_greedy_reply_matches_transformers_generate(folder: Path) -> None:
    backend = TransformersLLM(TransformersSettings(model=str(folder), sampling=Sampling(temperature=0)))
    reply = "".join(backend.generate(PROMPT, max_tokens=12))
    backend.close()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    model = GPT2LMHeadModel.from_pretrained(folder)
    prompt = tokenizer("hello\n", return_tensors="pt")
    made = model.generate(**prompt, max_new_tokens=12, do_sample=False, pad_token_id=tokenizer.eos_token_id)
    expected = tokenizer.decode(made[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)
    assert reply == expected.rstrip("\ufffd")


def test_a_schema_holds_whatever_the_weights_say(llm: TransformersLLM) -> None:
    schema = {
        "type": "object",
        "properties": {"pick": {"enum": ["alpha", "beta"]}, "sure": {"type": "boolean"}},
        "required": ["pick", "sure"],
        "additionalProperties": False,
    }
    reply = json.loads("".join(llm.generate(PROMPT, schema=schema, max_tokens=300)))
    assert reply["pick"] in ("alpha", "beta")
    assert isinstance(reply["sure"], bool)


def test_json_cut_short_is_an_error(llm: TransformersLLM) -> None:
    schema = {"type": "object", "properties": {"a": {"enum": ["alpha"]}}, "required": ["a"]}
    with pytest.raises(BackendError, match="cut at 3 tokens"):
        list(llm.generate(PROMPT, schema=schema, max_tokens=3))


def test_deadline_and_cancellation(llm: TransformersLLM) -> None:
    list(llm.generate(PROMPT, max_tokens=1))
    with pytest.raises(BackendTimeout, match="deadline"):
        list(llm.generate(PROMPT, max_tokens=400, deadline=0.05))
    polls = itertools.count()
    assert len(list(llm.generate(PROMPT, max_tokens=400, cancelled=lambda: next(polls) >= 2))) <= 2
    assert list(llm.generate(PROMPT, max_tokens=3)), "the next reply does not wait for the cancelled one"


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    llm = TransformersLLM(TransformersSettings(model=str(tmp_path)))
    with pytest.raises(BackendError, match="Check the model's id or path"):
        list(llm.generate(PROMPT))
    llm.close()
    with pytest.raises(BackendError, match="has been closed"):
        list(llm.generate(PROMPT))
