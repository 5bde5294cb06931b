"""Precedence of settings, and every sentence that a wrong one is answered with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.errors import UsageError
from conformance.settings import DEFAULT_DRIVERS, resolve
from conformance.target import Limits

URL = "http://127.0.0.1:9/v1"


def config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "conformance.toml"
    path.write_text(text, "utf-8")
    return path


def usage(sentence: str):
    return pytest.raises(UsageError, match=re.escape(sentence))


def test_nothing_given_means_the_embedded_provider() -> None:
    s = resolve({}, {})
    assert s.embedded
    assert s.profile.name == "reference"
    assert s.target.keys["api"].startswith("sk-reference")
    assert s.target.model("embedding") == "reference-embedding"
    assert s.drivers == DEFAULT_DRIVERS
    assert (s.level, s.tier, s.fuzz, s.seed) == ("must", "standard", True, 0)
    assert s.target.limits == Limits()
    assert s.notes == ()
    assert s.sources["base_url"] == "default: the embedded provider"


def test_a_profile_without_a_key_is_proven_on_the_embedded_provider() -> None:
    s = resolve({"profile": "assisters"}, {"OPENAI_API_KEY": "sk-mine"})
    assert s.embedded
    assert s.profile.name == "assisters"
    assert "sk-mine" not in s.target.keys.values()


def test_the_embedded_provider_has_its_own_models_whatever_the_profile_names() -> None:
    s = resolve({"profile": "openai", "model": ["rerank=mine"]}, {})
    assert s.target.models["chat"] == "reference-chat"
    assert s.target.models["rerank"] == "mine"
    assert "models.chat" not in s.sources


def test_the_word_embedded_overrides_the_environment() -> None:
    s = resolve({"base_url": "embedded"}, {"OPENAI_BASE_URL": URL, "OPENAI_API_KEY": "sk-1"})
    assert s.embedded


def test_a_url_without_a_profile_is_discovered() -> None:
    s = resolve({"base_url": URL + "/"}, {"OPENAI_API_KEY": "sk-1234"})
    assert (s.target.base_url, s.profile.name, s.embedded) == (URL, "discover", False)
    assert s.target.keys == {"api": "sk-1234"}
    assert s.sources["keys.api"] == "OPENAI_API_KEY"
    assert resolve({"base_url": URL}, {}, None, "openai").profile.name == "openai"


EVERY = """
base_url = "http://file/v1"
profile = "openai"
drivers = ["http", "python-sdk", "http"]
level = "should"
tier = "full"
fuzz = false
seed = 4
limited_rpm = 3
limited_window_s = 60
known_failures = "known.toml"
out = "runs"
name = "mine"
version = "1.2"
[keys]
api = { env = "FILE_KEY" }
second = "sk-second"
[models]
chat = "file-chat"
embedding = "file-embedding"
[limits]
concurrency = 2
timeout_s = 5
"""


def test_a_whole_file(tmp_path: Path) -> None:
    s = resolve({}, {"FILE_KEY": "sk-file", "OPENAI_API_KEY": "sk-shell"}, config(tmp_path, EVERY))
    assert s.target.base_url == "http://file/v1"
    assert s.target.keys == {"api": "sk-file", "second": "sk-second"}
    assert s.target.models["chat"] == "file-chat"
    assert s.target.models["moderation"] == "omni-moderation-latest"
    assert s.sources["models.moderation"] == "profile openai"
    assert s.target.limits == Limits(concurrency=2, timeout_s=5)
    assert (s.target.limited_rpm, s.target.limited_window_s) == (3, 60)
    assert (s.target.name, s.target.version) == ("mine", "1.2")
    assert s.drivers == ("http", "python-sdk")
    assert (s.level, s.tier, s.fuzz, s.seed) == ("should", "full", False, 4)
    assert s.known_failures == tmp_path / "known.toml"
    assert s.out == tmp_path / "runs"


ENVIRON = {
    "FILE_KEY": "sk-file",
    "CONFORMANCE_BASE_URL": "http://env/v1",
    "CONFORMANCE_API_KEY": "sk-env",
    "CONFORMANCE_LIMITED_KEY": "sk-limited",
    "CONFORMANCE_PROFILE": "discover",
    "CONFORMANCE_MODEL_CHAT": "env-chat",
    "CONFORMANCE_DRIVERS": "node-sdk, http",
    "CONFORMANCE_LEVEL": "must",
    "CONFORMANCE_FUZZ": "yes",
    "CONFORMANCE_CONCURRENCY": "3",
    "CONFORMANCE_RPM": "30.5",
    "CONFORMANCE_SEED": "0",
    "CONFORMANCE_LIMITED_RPM": "7",
    "CONFORMANCE_TIER": "",
    "CONFORMANCE_CONFIG": "x.toml",
    "CONFORMANCE_SOMETHING_FOREIGN": "1",
}


def test_the_environment_is_stronger_than_the_file(tmp_path: Path) -> None:
    s = resolve({}, ENVIRON, config(tmp_path, EVERY))
    assert s.target.base_url == "http://env/v1"
    assert s.target.keys == {"api": "sk-env", "limited": "sk-limited", "second": "sk-second"}
    assert s.profile.name == "discover"
    assert s.target.models == {"chat": "env-chat", "embedding": "file-embedding"}
    assert s.drivers == ("node-sdk", "http")
    assert (s.level, s.tier, s.fuzz, s.seed) == ("must", "full", True, 0)
    assert s.target.limits == Limits(concurrency=3, requests_per_minute=30.5, timeout_s=5)
    assert s.target.limited_rpm == 7
    assert s.sources["models.chat"] == "CONFORMANCE_MODEL_CHAT"
    assert s.sources["keys.api"] == "CONFORMANCE_API_KEY"
    assert s.sources["limits.timeout_s"].startswith("file ")


def test_a_flag_is_strongest(tmp_path: Path) -> None:
    flags = {
        "base_url": "https://flag.example/v1",
        "api_key": "sk-flag",
        "profile": "openai",
        "model": ["chat=flag=chat", "rerank=r"],
        "driver": ["http"],
        "level": "should",
        "tier": "smoke",
        "no_fuzz": True,
        "known_failures": "k.toml",
        "max_requests": 4,
        "max_tokens": 5,
        "max_seconds": 6,
        "concurrency": 1,
        "rpm": 2.0,
        "timeout": 3.0,
        "out": "o",
        "seed": 9,
    }
    s = resolve(flags, ENVIRON, config(tmp_path, EVERY))
    assert s.target.base_url == "https://flag.example/v1"
    assert s.target.keys["api"] == "sk-flag"
    assert s.target.models["chat"] == "flag=chat"
    assert s.profile.name == "openai"
    assert (s.level, s.tier, s.fuzz, s.seed, s.drivers) == ("should", "smoke", False, 9, ("http",))
    assert s.target.limits == Limits(1, 2.0, 4, 5, None, 6, 3.0)
    assert (s.known_failures, s.out) == (Path("k.toml"), Path("o"))
    for name, source in {
        "keys.api": "--api-key",
        "models.chat": "--model",
        "limits.requests_per_minute": "--rpm",
        "limits.timeout_s": "--timeout",
        "drivers": "--driver",
        "fuzz": "--no-fuzz",
        "known_failures": "--known-failures",
    }.items():
        assert s.sources[name] == source


@pytest.mark.parametrize(
    ("name", "url", "key"),
    [
        ("assisters", "ASSISTERS_BASE_URL", "ASSISTERS_API_KEY"),
        ("assisters-com", "ASSISTERS_COM_BASE_URL", "ASSISTERS_COM_API_KEY"),
        ("alveare", "ALVEARE_BASE_URL", "ALVEARE_API_KEY"),
    ],
)
def test_a_providers_own_pair_needs_no_flag(name: str, url: str, key: str) -> None:
    s = resolve({}, {url: "https://x.example/v1/", key: "k-1234", "OPENAI_API_KEY": "sk-other"})
    assert (s.profile.name, s.target.base_url) == (name, "https://x.example/v1")
    assert s.target.keys == {"api": "k-1234"}
    assert s.sources["profile"] == url
    alone = resolve({"profile": name}, {key: "k-1234", "OPENAI_API_KEY": "sk-other"})
    assert alone.target.base_url == alone.profile.base_url
    assert alone.target.keys == {"api": "k-1234"}


def test_the_sdks_own_pair_works_for_every_profile() -> None:
    pair = {"OPENAI_BASE_URL": URL, "OPENAI_API_KEY": "ask_1234"}
    s = resolve({"profile": "assisters"}, {**pair, "ASSISTERS_API_KEY": "ask_other"})
    assert (s.target.base_url, s.target.keys) == (URL, {"api": "ask_1234"})
    assert resolve({}, pair).profile.name == "discover"
    assert resolve({"base_url": URL}, {"ASSISTERS_BASE_URL": "http://a/v1"}).target.base_url == URL


def test_openais_key_does_not_go_to_an_address_that_the_profile_names(tmp_path: Path) -> None:
    file = config(tmp_path, 'profile = "assisters"\n[keys]\napi = "ask_file"')
    s = resolve({}, {"OPENAI_API_KEY": "sk-secret"}, file)
    assert s.target.base_url == "https://api.assisters.dev/v1"
    assert s.target.keys == {"api": "ask_file"}
    own = resolve({}, {"ASSISTERS_API_KEY": "ask_own", "OPENAI_API_KEY": "sk-secret"}, file)
    assert own.target.keys == {"api": "ask_own"}
    flagged = resolve({"api_key": "ask_flag", "profile": "assisters"}, {})
    assert flagged.target.base_url == "https://api.assisters.dev/v1"


def test_a_profile_of_ones_own_lies_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\ntitle = "Mine"\n[limits]\nconcurrency = 2.0\n'
    )
    file = config(tmp_path, f'base_url = "{URL}"\nprofile = "mine.toml"')
    s = resolve({}, {}, file)
    assert (s.profile.title, s.target.limits.concurrency) == ("Mine", 2)
    assert s.sources["limits.concurrency"] == "profile mine"


def test_keys_from_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("sk-from-file\n")
    assert (
        resolve({"base_url": URL, "api_key": f"file:{path}"}, {}).target.keys["api"]
        == "sk-from-file"
    )
    given = resolve({"base_url": URL, "api_key": "env:MINE"}, {"MINE": "sk-mine"})
    assert given.target.keys["api"] == "sk-mine"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("base_url = ", "is not valid TOML"),
        ("bas_url = ''", "unknown key 'bas_url'; did you mean 'base_url'?"),
        ("[keys]\nsecnd = 'x'", "unknown key 'keys.secnd'; did you mean 'second'?"),
        (
            "[limits]\nmax_request = 1",
            "unknown key 'limits.max_request'; did you mean 'max_requests'?",
        ),
        ("[limits]\nzebra = 1", "unknown key 'limits.zebra'; known: concurrency, "),
        ("base_url = 3", "base_url wants a string, not 3."),
        ("seed = 1.5", "seed wants a whole number, not 1.5."),
        ("seed = true", "seed wants a whole number, not True."),
        ("fuzz = 1", "fuzz wants true or false, not 1."),
        ("limited_rpm = 'x'", "limited_rpm wants a number, not 'x'."),
        ("limited_rpm = 0", "limited_rpm wants a number above 0, not 0."),
        ("drivers = 'http'", "drivers wants a list of strings, not 'http'."),
        ("drivers = [1]", "drivers wants a list of strings, such as ['http']."),
        ("drivers = ['htp']", "no driver is called 'htp'; did you mean 'http'?"),
        ("level = 'may'", "level wants must or should, not 'may'."),
        ("tier = 'all'", "tier wants smoke or standard or full, not 'all'."),
        ("keys = 'x'", "keys wants a table, not 'x'."),
        ("[keys]\napi = 3", 'keys.api wants a string or { env = "NAME" }; correct it.'),
        ("[keys]\napi = { file = 'x' }", 'keys.api wants a string or { env = "NAME" }'),
        ("[keys]\napi = { env = 'GONE' }", "the environment variable GONE is not set; export it."),
        ("[models]\nchat = 3", "models.chat wants a string, not 3."),
        ("[limits]\nconcurrency = 0", "limits.concurrency wants a number above 0, not 0."),
        ("[limits]\ntimeout_s = inf", "limits.timeout_s wants a number above 0, not inf."),
        ("[limits]\nmax_requests = 2.5", "limits.max_requests wants a whole number, not 2.5."),
        ("profile = 'opena'", "no profile is called 'opena'; did you mean 'openai'?"),
        ("account_tier = 'free'", "profile discover has no tier 'free'; it has: none."),
    ],
)
def test_files_that_cannot_be(tmp_path: Path, text: str, sentence: str) -> None:
    file = config(tmp_path, text)
    with usage(sentence):
        resolve({"base_url": URL}, {}, file)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with usage("cannot be read (No such file or directory); give the path of a TOML file."):
        resolve({}, {}, tmp_path / "gone.toml")
    broken = tmp_path / "x.toml"
    broken.write_bytes(b"\xff\xfe")
    with usage("is not UTF-8; save it as UTF-8."):
        resolve({}, {}, broken)


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        (
            {"CONFORMANCE_BASEURL": "x"},
            "CONFORMANCE_BASEURL is not known; did you mean CONFORMANCE_BASE_URL?",
        ),
        ({"CONFORMANCE_RPM": "many"}, "CONFORMANCE_RPM wants a number, not 'many'."),
        ({"CONFORMANCE_MAX_TOKENS": "0"}, "CONFORMANCE_MAX_TOKENS wants a number above 0, not 0."),
        ({"CONFORMANCE_FUZZ": "maybe"}, "CONFORMANCE_FUZZ wants true or false, not 'maybe'."),
        ({"CONFORMANCE_LEVEL": "x"}, "CONFORMANCE_LEVEL wants must or should, not 'x'."),
    ],
)
def test_environments_that_cannot_be(environ: dict[str, str], sentence: str) -> None:
    with usage(sentence):
        resolve({}, environ)


def test_two_providers_in_the_environment_want_a_choice() -> None:
    one = {"ASSISTERS_BASE_URL": "https://a/v1", "ASSISTERS_API_KEY": "ask_1"}
    two = {"ALVEARE_BASE_URL": "https://b/v1", "ALVEARE_API_KEY": "alv_live_1"}
    with usage("ALVEARE_BASE_URL and ASSISTERS_BASE_URL are set; choose one by --profile."):
        resolve({}, {**one, **two})
    with usage("ASSISTERS_BASE_URL and OPENAI_BASE_URL are set; choose one by --profile."):
        resolve({}, {**one, "OPENAI_BASE_URL": "https://c/v1"})
    assert resolve({}, {**one, "OPENAI_BASE_URL": "https://a/v1"}).profile.name == "assisters"
    assert resolve({"profile": "alveare"}, {**one, **two}).target.base_url == "https://b/v1"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"model": ["chat"]}, "--model wants KIND=ID, such as chat=gpt-4o-mini, not 'chat'."),
        ({"max_requests": 0}, "--max-requests wants a number above 0, not 0."),
        ({"concurrency": "2"}, "--concurrency wants a whole number, not '2'."),
        ({"level": "may"}, "--level wants must or should, not 'may'."),
    ],
)
def test_flags_that_cannot_be(options: dict[str, object], sentence: str) -> None:
    with usage(sentence):
        resolve(options, {})


def test_the_tier_of_the_account() -> None:
    environ = {"ASSISTERS_API_KEY": "ask_12", "CONFORMANCE_ACCOUNT_TIER": "free"}
    s = resolve({"profile": "assisters"}, environ)
    assert s.profile.tier(s.account_tier).requests_per_minute == 10
    with usage("profile assisters has no tier 'gold'; it has: free, developer"):
        resolve({"profile": "assisters"}, {**environ, "CONFORMANCE_ACCOUNT_TIER": "gold"})


def test_notes() -> None:
    (public, keyless) = resolve({"base_url": "http://api.example.com/v1"}, {}).notes
    assert public.startswith("http://api.example.com/v1 is a public host without TLS")
    assert keyless == "no key is configured: requests go without an Authorization header."
    (wrong,) = resolve({"base_url": URL, "profile": "alveare", "api_key": "sk-1"}, {}).notes
    assert wrong.startswith("the key does not look like a key of Alveare")
    assert "sk-1" not in wrong


def test_the_name_and_version_of_the_target(tmp_path: Path) -> None:
    file = config(tmp_path, f'base_url = "{URL}"\nname = "of the file"\nversion = "1"\n')
    env = {"CONFORMANCE_TARGET_VERSION": "2", "CONFORMANCE_TARGET_NAME": "of the environment"}
    s = resolve({"target_name": "of the flag"}, env, file)
    assert (s.target.name, s.target.version) == ("of the flag", "2")
    assert s.sources["name"] == "--target-name"
    assert s.sources["version"] == "CONFORMANCE_TARGET_VERSION"
