"""Weights from the web: from a server of our own, broken off, wrong, or not there at all."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("torch")

import safetensors.torch
import timm
import torch

from trainer.nets.backbone import open_backbone
from trainer.nets.download import DownloadError, fetch
from trainer.nets.pretrained import WeightsError

NAME = "test_efficientnet.r160_in1k"


class Shelf:
    """A server of files; it notes what was asked for and can break off."""

    def __init__(self):
        self.files, self.tags, self.asked, self.cut = {}, {}, [], 0
        shelf = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                shelf.answer(self)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, request):
        wanted = request.headers.get("Range")
        self.asked.append((request.path, wanted))
        content = self.files.get(request.path)
        if content is None:
            request.send_error(404)
            return
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        request.send_response(206 if first else 200)
        request.send_header("Content-Length", str(len(content) - first))
        if request.path in self.tags:
            request.send_header("X-Linked-ETag", f'"{self.tags[request.path]}"')
        request.end_headers()
        if self.cut:
            request.wfile.write(content[first : first + self.cut])
            self.cut = 0
            return
        request.wfile.write(content[first:])


@pytest.fixture
def shelf(monkeypatch):
    made = Shelf()
    monkeypatch.setenv("HF_ENDPOINT", made.url)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def tensors():
    torch.manual_seed(7)
    return timm.create_model("test_efficientnet", num_classes=4).state_dict()


def put_weights(shelf, tensors):
    path = f"/timm/{NAME}/resolve/main/model.safetensors"
    shelf.files[path] = safetensors.torch.save(tensors)
    shelf.tags[path] = hashlib.sha256(shelf.files[path]).hexdigest()
    return path


def test_weights_are_fetched_once_and_then_at_hand(shelf, tensors, own_user_data):
    path = put_weights(shelf, tensors)
    backbone = open_backbone(NAME, size=32)
    assert backbone.origin.kind == "hub"
    assert backbone.origin.source == shelf.url + path
    assert torch.equal(
        backbone.body.net.state_dict()["conv_stem.weight"], tensors["conv_stem.weight"]
    )
    open_backbone(NAME, size=32)
    assert len(shelf.asked) == 1
    assert [file.suffix for file in (own_user_data / "weights").iterdir()] == [".safetensors"]


def test_a_fetch_that_broke_off_goes_on_where_it_was(shelf, tmp_path):
    content = bytes(range(256)) * 4096
    shelf.files["/w.bin"], shelf.cut = content, 300_000
    target = tmp_path / "w.bin"
    assert fetch(f"{shelf.url}/w.bin", target).read_bytes() == content
    assert shelf.asked[0][1] is None
    assert shelf.asked[1][1] == "bytes=300000-"
    assert not target.with_name("w.bin.part").exists()


def test_what_is_not_what_was_published_is_not_kept(shelf, tmp_path):
    shelf.files["/net-01234567.pth"] = b"something else"
    with pytest.raises(DownloadError, match="not what was published"):
        fetch(f"{shelf.url}/net-01234567.pth", tmp_path / "net.pth")
    assert list(tmp_path.iterdir()) == []


def test_without_the_hub_a_network_starts_from_scratch_and_says_so(shelf, monkeypatch):
    with pytest.warns(UserWarning, match="starts from random numbers"):
        backbone = open_backbone(NAME, size=32)
    assert backbone.origin.kind == "none"
    with pytest.raises(WeightsError, match="cannot be fetched"):
        open_backbone(NAME, size=32, weights="hub")
    monkeypatch.setenv("TAGGER_OFFLINE", "1")
    shelf.asked.clear()
    with pytest.warns(UserWarning, match="random numbers"):
        open_backbone(NAME, size=32)
    assert shelf.asked == []
