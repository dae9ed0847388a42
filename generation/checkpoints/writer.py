"""Language models that write scenes for the prompt bank: role writer.

Family `causal-lm`: an instruct model that transformers loads, with its chat template. Family `openai-compatible`: any
server with the chat completions call, by the options `url` (up to and with /v1), `model`, `key_env` (the name of the
environment variable that holds the key; the key itself is in no file and no log) and `timeout` in seconds.
Options of both: `tokens`, `temperature`, `top_p`.
"""

import http.client
import json
import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from generation.checkpoints.loading import loaded
from generation.checkpoints.perceiving import loading_options
from generation.checkpoints.sets import Entry
from generation.checkpoints.weights import whole
from generation.exceptions import BadModelSet, CheckpointMissing, WriterFailed

LONGEST_ANSWER = 4 * 2**20  # bytes of a reply; a page of scenes has a few thousand


@dataclass(frozen=True)
class Sampled:
    """How tokens are drawn."""

    tokens: int = 2048
    temperature: float = 0.8
    top_p: float = 0.95


class LocalWriter:
    """A warm language model."""

    def __init__(self, model: Any, tokenizer: Any, sampled: Sampled) -> None:
        self.model, self.tokenizer, self.sampled = model, tokenizer, sampled

    @torch.inference_mode()
    def write(self, instruction: str, *, seed: int) -> str:
        """The model's answer. The seed holds for this call; the process' own random numbers go on as if without it."""
        inputs = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": instruction}],
            add_generation_prompt=True,
            return_tensors="pt",
            return_dict=True,
            enable_thinking=False,  # of Qwen3's template; others take no notice
        ).to(self.model.device)
        devices = [self.model.device] if self.model.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            torch.manual_seed(seed)
            written = self.model.generate(
                **inputs,
                do_sample=True,
                max_new_tokens=self.sampled.tokens,
                temperature=self.sampled.temperature,
                top_p=self.sampled.top_p,
            )
        answer = written[0, inputs["input_ids"].shape[1] :]
        return str(self.tokenizer.decode(answer, skip_special_tokens=True)).strip()


class RemoteWriter:
    """A server that speaks OpenAI's chat completions. Many ignore the seed; the bank keeps what was written."""

    def __init__(self, url: str, model: str, key_env: str, sampled: Sampled, timeout: float) -> None:
        self.url, self.model, self.key_env, self.sampled, self.timeout = url, model, key_env, sampled, timeout

    def write(self, instruction: str, *, seed: int) -> str:
        """The server's answer. Raises WriterFailed when it gives none, with what it said and never with the key."""
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": instruction}],
            "max_tokens": self.sampled.tokens,
            "temperature": self.sampled.temperature,
            "top_p": self.sampled.top_p,
            "seed": seed,
        }
        request = urllib.request.Request(  # noqa: S310 - load() admits http and https only
            f"{self.url.rstrip('/')}/chat/completions", json.dumps(body).encode(), self._headers(), method="POST"
        )
        try:
            with _opener().open(request, timeout=self.timeout) as reply:
                data = reply.read(LONGEST_ANSWER)
        except urllib.error.HTTPError as error:
            with error:
                raise WriterFailed(f"{self.url} refused with status {error.code}: {_told(error)}") from None
        except TimeoutError:
            raise WriterFailed(
                f"{self.url} did not answer within {self.timeout:g} s; raise the option timeout."
            ) from None
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            raise WriterFailed(f"{self.url} cannot be reached: {getattr(error, 'reason', error)}.") from None
        return _answer(data, self.url)

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.key_env:
            key = os.environ.get(self.key_env, "")
            if not key:
                raise WriterFailed(f"The writer's key is missing: set the environment variable {self.key_env}.")
            headers["Authorization"] = f"Bearer {key}"
        return headers


def load(entry: Entry, device: torch.device) -> LocalWriter | RemoteWriter:
    """The entry's writer. Raises CheckpointMissing or BadModelSet."""
    named = {name: entry.options[name] for name in ("tokens", "temperature", "top_p") if name in entry.options}
    sampled = Sampled(**named)
    if entry.family == "openai-compatible":
        return _remote(entry, sampled)
    tokenizer = loaded(entry, lambda: AutoTokenizer.from_pretrained(entry.path, local_files_only=True))
    if not tokenizer.chat_template:
        raise CheckpointMissing(f"The writer in {entry.path} has no chat template; take an instruct model.")
    model = loaded(
        entry,
        lambda: whole(AutoModelForCausalLM, entry.path, **loading_options(entry)),
    )
    model.eval().requires_grad_(False).to(device)
    return LocalWriter(model, tokenizer, sampled)


def _remote(entry: Entry, sampled: Sampled) -> RemoteWriter:
    url, model = str(entry.options.get("url", "")), str(entry.options.get("model", ""))
    parts = urlsplit(url)
    here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or parts.scheme not in ("http", "https") or (parts.scheme == "http" and not here):
        raise BadModelSet(f"The writer's url {url!r} must begin with https:// (http:// on this machine only).")
    if not model:
        raise BadModelSet("The writer needs the option model: the name that its server knows it by.")
    timeout = float(entry.options.get("timeout", 120))
    return RemoteWriter(url, model, str(entry.options.get("key_env", "")), sampled, timeout)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_NoRedirect)


def _told(error: urllib.error.HTTPError) -> str:
    """What the server says, in a line."""
    return " ".join(error.read(500).decode("utf-8", "replace").split()) or str(error.reason)


def _answer(data: bytes, url: str) -> str:
    try:
        content = json.loads(data)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError):
        raise WriterFailed(f"{url} answered with something that is no chat completion.") from None
    if not isinstance(content, str) or not content.strip():
        raise WriterFailed(f"{url} answered with an empty text.")
    return content.strip()
