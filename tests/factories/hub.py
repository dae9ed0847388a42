"""A small model hub on 127.0.0.1, with the few addresses that huggingface_hub asks: what a repo holds, and its files.

Real HTTP: ranges, checksums, redirects to a storage address as the hub's, and a cable that can be pulled.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE = (".safetensors", ".bin", ".pth")  # kept by SHA-256, as git-lfs does; others by git's own


@dataclass
class Repo:
    """One repo at one commit. `lies` are files that are sent with other bytes than their checksum says."""

    files: dict[str, bytes]
    commit: str = "c0ffee" + "0" * 34
    gated: bool = False
    lies: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Hub:
    """What it has, and what it was asked for: (method, path, Range header, whether a token came along)."""

    url: str
    repos: dict[str, Repo] = field(default_factory=dict)
    asked: list[tuple[str, str, str, bool]] = field(default_factory=list)
    chunk: int = 1 << 16
    seconds_a_chunk: float = 0.0
    storage: str = ""  # another host that large files are sent from
    cut_after: list[int] = field(default_factory=list)  # bytes, for each of the next answers with more of a file

    def sent(self, path: str) -> list[str]:
        """The ranges of a file that were asked for, "" for all of it."""
        return [asked_range for method, asked, asked_range, _ in self.asked if method == "GET" and asked.endswith(path)]


def blob_id(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A hub until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    hub = Hub(f"http://127.0.0.1:{server.server_port}", storage=f"http://localhost:{server.server_port}")
    server.hub = hub  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def hub(self) -> Hub:
        found: Hub = self.server.hub  # type: ignore[attr-defined]
        return found

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        told = (self.command, path, self.headers.get("Range", ""), "Authorization" in self.headers)
        self.hub.asked.append(told)
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self._about("/".join(parts[2:4]), parts[5] if parts[4:5] == ["revision"] else "")
        elif parts[0] == "storage":
            self._file("/".join(parts[1:3]), "/".join(parts[3:]), head=False)
        else:
            self._file("/".join(parts[:2]), "/".join(parts[4:]), head=self.command == "HEAD")

    def _about(self, name: str, revision: str) -> None:
        repo = self.hub.repos.get(name)
        if repo is None:
            self._refuse(404, "RepoNotFound")
        elif revision not in ("", "main", repo.commit):
            self._refuse(404, "RevisionNotFound")
        elif repo.gated:
            self._refuse(403, "GatedRepo")
        else:
            listed = [_sibling(path, data) for path, data in repo.files.items()]
            self._answer(json.dumps({"id": name, "sha": repo.commit, "siblings": listed}).encode())

    def _file(self, name: str, path: str, *, head: bool) -> None:
        repo = self.hub.repos.get(name)
        if repo is None or path not in repo.files:
            self._refuse(404, "EntryNotFound")
            return
        right = repo.files[path]
        large = path.endswith(LARGE)
        etag = hashlib.sha256(right).hexdigest() if large else blob_id(right)
        headers = {"X-Repo-Commit": repo.commit, "ETag": f'"{etag}"', "X-Linked-Etag": f'"{etag}"'}
        if head:
            headers |= {"X-Linked-Size": str(len(right))}
            status = 302 if large else 200
            headers |= {"Location": f"{self.hub.storage}/storage/{name}/{path}"} if large else {}
            self._answer(b"" if large else right, status, headers)
            return
        self._send(repo.lies.get(path, right), headers)

    def _send(self, data: bytes, headers: dict[str, str]) -> None:
        asked = self.headers.get("Range", "")
        begin = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
        if asked:
            headers |= {"Content-Range": f"bytes {begin}-{len(data) - 1}/{len(data)}"}
        self._answer(data[begin:], 206 if asked else 200, headers)

    def _refuse(self, status: int, code: str) -> None:
        self._answer(b"{}", status, {"X-Error-Code": code, "X-Error-Message": code})

    def _answer(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for header, value in (headers or {}).items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        pause = threading.Event()
        cut = self.hub.cut_after.pop(0) if self.hub.cut_after and len(body) > 100_000 else len(body)
        for begin in range(0, len(body), self.hub.chunk):
            if begin >= cut:
                self.close_connection = True
                return
            try:
                self.wfile.write(body[begin : begin + self.hub.chunk])
            except (BrokenPipeError, ConnectionResetError):  # whoever asked was killed
                self.close_connection = True
                return
            pause.wait(self.hub.seconds_a_chunk)

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests look at `asked`."""


def _sibling(path: str, data: bytes) -> dict[str, Any]:
    told: dict[str, Any] = {"rfilename": path, "size": len(data), "blobId": blob_id(data)}
    if path.endswith(LARGE):
        told["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
    return told
