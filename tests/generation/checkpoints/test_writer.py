"""Prompt writers: a local model with its seed, and any server that speaks OpenAI's chat completions."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch

from generation.checkpoints import writer
from generation.exceptions import BadModelSet, CheckpointMissing, WriterFailed
from tests.factories.checkpoints.perceivers import CPU, folder_of, warm
from tests.factories.checkpoints.writer import make_tiny_writer, remote_entry, writer_entry

Answer = tuple[int, bytes]


class Server:
    """A chat server on this machine; `answers` maps the request's body to status and bytes."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, str], Any]] = []
        self.answer: Callable[[Any], Answer] = lambda _: (200, said("A {product} on oak."))
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.seen.append((self.path, dict(self.headers), body))
                status, data = outer.answer(body)
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def said(text: Any) -> bytes:
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


class TestLocal:
    def test_the_seed_decides_what_is_written(self) -> None:
        local = warm("writer")
        assert local.write("Scenes.", seed=1) == local.write("Scenes.", seed=1)
        assert local.write("Scenes.", seed=1) != local.write("Scenes.", seed=2)
        assert local.write("Scenes.", seed=1) != local.write("Other scenes.", seed=1)

    def test_other_random_numbers_of_the_process_go_on_undisturbed(self) -> None:
        torch.manual_seed(3)
        expected = torch.rand(4)
        torch.manual_seed(3)
        warm("writer").write("Scenes.", seed=1)
        assert torch.equal(torch.rand(4), expected)

    def test_a_model_without_a_chat_template_is_no_instruct_model(self, tmp_path: Path) -> None:
        make_tiny_writer(tmp_path)
        (tmp_path / "chat_template.jinja").unlink()
        with pytest.raises(CheckpointMissing, match="no chat template"):
            writer.load(writer_entry(tmp_path), CPU)

    def test_no_files(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointMissing, match="The writer cannot be loaded"):
            writer.load(writer_entry(tmp_path), CPU)

    def test_no_more_than_the_set_allows(self) -> None:
        short = writer.load(writer_entry(folder_of("writer"), tokens=3), CPU)
        assert len(short.write("Scenes.", seed=1)) <= 3


class TestRemote:
    def test_posts_one_chat_with_the_sets_options(self, server: Server) -> None:
        remote = writer.load(remote_entry(server.url, temperature=0.5, tokens=99), CPU)
        assert remote.write("Ten scenes.", seed=7) == "A {product} on oak."
        path, headers, body = server.seen[0]
        assert path == "/v1/chat/completions"
        assert "Authorization" not in headers
        assert body == {
            "model": "some-model",
            "messages": [{"role": "user", "content": "Ten scenes."}],
            "max_tokens": 99,
            "temperature": 0.5,
            "top_p": 0.95,
            "seed": 7,
        }

    def test_the_key_comes_from_the_environment_that_the_set_names(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOME_KEY", "s3cret")
        remote = writer.load(remote_entry(server.url, key_env="SOME_KEY"), CPU)
        remote.write("x", seed=0)
        assert server.seen[0][1]["Authorization"] == "Bearer s3cret"

    def test_a_missing_key_is_asked_for_by_name(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SOME_KEY", raising=False)
        remote = writer.load(remote_entry(server.url, key_env="SOME_KEY"), CPU)
        with pytest.raises(WriterFailed, match="set the environment variable SOME_KEY"):
            remote.write("x", seed=0)
        assert server.seen == []

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            ((401, b'{"error": "bad key"}'), r"status 401: .*bad key"),
            ((500, b""), r"status 500: Internal Server Error"),
            ((302, b"moved"), r"status 302"),
            ((200, b"<html>"), "no chat completion"),
            ((200, b'{"choices": []}'), "no chat completion"),
            ((200, b"[]"), "no chat completion"),
            ((200, said(None)), "empty text"),
            ((200, said("  ")), "empty text"),
        ],
        ids=["refused", "broken", "sent elsewhere", "a page", "no choice", "a list", "null", "blank"],
    )
    def test_what_is_no_answer_is_told_without_the_key(
        self, server: Server, monkeypatch: pytest.MonkeyPatch, answer: Answer, message: str
    ) -> None:
        monkeypatch.setenv("SOME_KEY", "s3cret")
        server.answer = lambda _: answer
        remote = writer.load(remote_entry(server.url, key_env="SOME_KEY"), CPU)
        with pytest.raises(WriterFailed, match=message) as failure:
            remote.write("x", seed=0)
        assert "s3cret" not in str(failure.value)

    def test_a_server_that_is_too_slow(self, server: Server) -> None:
        def slow(_: Any) -> Answer:
            time.sleep(0.5)
            return 200, said("late")

        server.answer = slow
        remote = writer.load(remote_entry(server.url, timeout=0.1), CPU)
        with pytest.raises(WriterFailed, match=r"did not answer within 0.1 s"):
            remote.write("x", seed=0)

    def test_a_server_that_is_not_there(self) -> None:
        with pytest.raises(WriterFailed, match="cannot be reached"):
            writer.load(remote_entry("http://127.0.0.1:9"), CPU).write("x", seed=0)

    @pytest.mark.parametrize(
        ("url", "options", "message"),
        [
            ("http://example.org/v1", {}, "must begin with https://"),
            ("file:///etc/passwd", {}, "must begin with https://"),
            ("", {}, "must begin with https://"),
            ("https://example.org/v1", {"model": ""}, "needs the option model"),
        ],
        ids=["open http", "a file", "none", "no model"],
    )
    def test_options_that_cannot_work_are_refused_at_once(
        self, url: str, options: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(BadModelSet, match=message):
            writer.load(remote_entry(url, **options), CPU)
