"""Files: what was sent is described truly, comes back byte for byte, and can be deleted."""

from __future__ import annotations

from conformance.cases._objects import (
    data_of,
    delete_rules,
    good,
    list_rules,
    own,
    private,
    refused,
    rule,
    same,
    served,
    step,
    words,
)
from conformance.exchange import Steps
from conformance.expect import Inconclusive, NotApplicable, fail, require
from conformance.probes.files import BYTES, LARGE, ODD_NAME, PLAIN_NAME, TEXT
from conformance.requirement import MUST, SHOULD, Case, openai, openapi, requirement, rfc

NEEDS = "files"
CASES: list[Case] = []
LOST = ["batches, fine-tuning and assistants: the file cannot be used"]

list_rules(CASES, __name__, "files", "files", probe="files_use", needs=NEEDS,
           source=openai("files/list"))  # fmt: skip
delete_rules(CASES, __name__, "files", "files", probe="files_use", needs=NEEDS,
             source=openai("files/delete"))  # fmt: skip
private(CASES, __name__, "files", "files", probe="files_other_key", needs=NEEDS,
        source=openai("files"), reads=("get", "content"))  # fmt: skip


@requirement(
    "files.create.accepted",
    MUST,
    "A file is uploaded as a multipart form.",
    source=openai("files/create"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_accepted(files_use: Steps) -> None:
    served(files_use, "made-1", "made-2")


@requirement(
    "files.create.bytes",
    MUST,
    "`bytes` is the size of the content that was sent.",
    source=openapi("OpenAIFile"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_size(files_use: Steps, files_bytes: Steps) -> None:
    for steps, name, data in (
        (files_use, "made-1", TEXT),
        (files_bytes, "bytes", BYTES),
        (files_bytes, "large", LARGE),
        (files_bytes, "tiny", b"x"),
    ):
        found = steps.get(name)
        if found is not None and found.ok:
            size = good(steps, name).get("bytes")
            require(size == len(data), "bytes", str(len(data)), size)


@requirement(
    "files.create.filename",
    MUST,
    "`filename` is the name that was sent.",
    source=openapi("OpenAIFile"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_filename(files_use: Steps) -> None:
    for name, sent in (("made-1", "input.jsonl"), ("made-2", PLAIN_NAME)):
        found = good(files_use, name).get("filename")
        require(found == sent, "filename", sent, found)


@requirement(
    "files.create.filename-unicode",
    SHOULD,
    "A file name keeps its characters outside ASCII and its punctuation.",
    source=rfc(7578, "4.2"),
    needs=NEEDS,
    any_status=True,
)
def test_odd_name(files_use: Steps) -> None:
    found = good(files_use, "made-3").get("filename")
    require(found == ODD_NAME, "filename", ODD_NAME, found)


@requirement(
    "files.create.purpose",
    MUST,
    "`purpose` is the purpose that was sent.",
    source=openapi("OpenAIFile"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_purpose(files_use: Steps) -> None:
    for name, sent in (("made-1", "batch"), ("made-2", "fine-tune")):
        found = good(files_use, name).get("purpose")
        require(found == sent, "purpose", sent, found)


@requirement(
    "files.retrieve.same",
    MUST,
    "A retrieved file is described as when it was made.",
    source=openai("files/retrieve"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_retrieve(files_use: Steps) -> None:
    served(files_use, "retrieve")
    same(
        files_use,
        "made-1",
        "retrieve",
        ("id", "object", "bytes", "created_at", "filename", "purpose"),
    )


@requirement(
    "files.list.same",
    MUST,
    "A listed file is described as when it was made.",
    source=openai("files/list"),
    needs=NEEDS,
    any_status=True,
    breaks=LOST,
)
def test_listed(files_use: Steps) -> None:
    made = good(files_use, "made-1")
    found = [one for one in data_of(files_use, "list") if one.get("id") == made.get("id")]
    if not found:
        raise NotApplicable
    for name in ("object", "bytes", "created_at", "filename", "purpose"):
        if name in made:
            require(found[0].get(name) == made[name], name, str(made[name]), found[0].get(name))


@requirement(
    "files.list.purpose",
    MUST,
    "`purpose` lists only files of that purpose.",
    source=openai("files/list"),
    needs=NEEDS,
    any_status=True,
)
def test_list_purpose(files_use: Steps) -> None:
    served(files_use, "purpose")
    found = data_of(files_use, "purpose")
    require(
        own(files_use, "made-2") in [one.get("id") for one in found],
        "data",
        "the file of that purpose",
        [one.get("id") for one in found[:5]],
    )
    for one in found:
        require(one.get("purpose") == "fine-tune", "purpose", "fine-tune", one.get("purpose"))


def _content(steps: Steps, made: str, name: str, data: bytes) -> None:
    if not step(steps, made).ok:
        raise NotApplicable(f"the file was refused with {step(steps, made).status}")
    found = step(steps, name)
    if 400 <= found.status < 500 and "download" in words(found).lower():
        raise Inconclusive("files of this purpose cannot be downloaded", owner="suite")
    if not found.ok or found.response is None:
        fail("status", "200", words(found), exchange=found)
    got = found.response.body
    if got != data:
        at = next(
            (i for i, (a, b) in enumerate(zip(got, data, strict=False)) if a != b),
            min(len(got), len(data)),
        )
        fail(
            f"byte {at}",
            f"{data[at : at + 16]!r}, {len(data)} bytes in all",
            f"{got[at : at + 16]!r}, {len(got)} bytes in all",
            exchange=found,
        )


def _same_bytes(slug: str, text: str, probe: str, made: str, name: str, data: bytes) -> None:
    rule(CASES, __name__, f"files.content.{slug}", text,
         lambda steps: _content(steps, made, name, data), probes=(probe,), needs=NEEDS,
         source=openai("files/retrieve-contents"),
         breaks=("openai-python files.content(): downloads are unusable",))  # fmt: skip


_same_bytes("text", "The content of a text file comes back as it was sent, to the last byte.",
            "files_use", "made-1", "content", TEXT)  # fmt: skip
_same_bytes("binary", "Every byte from 0 to 255 comes back as it was sent.", "files_bytes",
            "bytes", "bytes-content", BYTES)  # fmt: skip
_same_bytes("large", "A file that does not fit into one buffer comes back as it was sent.",
            "files_bytes", "large", "large-content", LARGE)  # fmt: skip
_same_bytes("tiny", "A file of one byte comes back as it was sent.", "files_bytes", "tiny",
            "tiny-content", b"x")  # fmt: skip


@requirement(
    "files.content.not-json",
    SHOULD,
    "The content of a file is not declared to be the JSON of an answer.",
    source=openai("files/retrieve-contents"),
    needs=NEEDS,
    any_status=True,
    breaks=["clients that parse application/json answers: the bytes are lost"],
)
def test_content_type(files_bytes: Steps) -> None:
    found = step(files_bytes, "bytes-content")
    if not found.ok or found.response is None:
        raise NotApplicable
    media = found.response.media_type
    require(
        media not in ("application/json", "text/html"),
        "header content-type",
        "application/octet-stream",
        media,
    )


def _gone(steps: Steps, *names: str) -> None:
    for name in names:
        found = step(steps, name)
        require(found.status == 404, "status", "404", words(found))


@requirement(
    "files.unknown.content",
    MUST,
    "The content of an unknown file is answered 404.",
    source=openai("files/retrieve-contents"),
    needs=NEEDS,
    any_status=True,
)
def test_unknown_content(files_use: Steps) -> None:
    _gone(files_use, "unknown-content")


@requirement(
    "files.delete.content-gone",
    MUST,
    "The content of a deleted file is answered 404.",
    source=openai("files/delete"),
    needs=NEEDS,
    any_status=True,
)
def test_deleted_content(files_use: Steps) -> None:
    served(files_use, "delete")
    _gone(files_use, "deleted-content")


for _slug, _text, _step in (
    ("file-first", "The parts of an upload may come in any order.", "file-first"),
    ("quoted-boundary", "The boundary of a form may be quoted.", "quoted-boundary"),
    ("typed", "The file part may have any content type with parameters.", "typed"),
):
    rule(CASES, __name__, f"files.form.{_slug}", _text,
         lambda steps, name=_step: served(steps, name), probes=("files_forms",), needs=NEEDS,
         source=rfc(7578, "4"), breaks=LOST)  # fmt: skip
for _slug, _text, _step, _level in (
    ("no-purpose", "An upload without `purpose` is refused with 400.", "no-purpose", MUST),
    ("no-file", "An upload without `file` is refused with 400.", "no-file", MUST),
    ("bad-purpose", "An unknown purpose is refused with 400.", "bad-purpose", SHOULD),
    ("file-is-text", "A `file` field that is no file is refused.", "file-is-text", SHOULD),
    ("json", "A JSON body instead of a form is refused.", "json", MUST),
):
    _statuses = () if _step in ("json", "file-is-text") else (400, 422)
    rule(CASES, __name__, f"files.form.{_slug}", _text,
         lambda steps, name=_step, wanted=_statuses: refused(steps, name, statuses=wanted),
         probes=("files_forms",), needs=NEEDS, source=openai("files/create"),
         level=_level)  # fmt: skip
