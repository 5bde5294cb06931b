"""Profiles: all valid, every claim of the documents in them, clear sentences for wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance import profile as profiles
from conformance.capability import Claim
from conformance.errors import UsageError
from conformance.profile import check_profile, load_profile, profile_names

CLAIMS = {
    "assisters": "url key env sdk json endpoints shape stream models dims openai-names supported "
    "unsupported headers tiers 429 idem cost rollout semver",
    "assisters-com": "keys models chat temp stream embed tools reasoning errors retry idem sdks "
    "webhooks batch data audit legacy metrics canary",
    "alveare": "wire key names sdk stream tools json errors ratelimit no-assistants parallel",
    "openai-assistants": "call format 400 async sdk",
    "openai": "chat stream tools structured completions embeddings moderations models responses "
    "assistants errors headers ratelimit retry",
    "discover": "",
    "reference": "",
}
LETTER = dict(zip(CLAIMS, "ABCDE--", strict=True))
HEAD = 'name = "x"\ntitle = "X"\n'


def test_every_profile_is_here() -> None:
    assert set(profile_names()) == set(CLAIMS)


@pytest.mark.parametrize("name", sorted(CLAIMS))
def test_every_profile_is_valid_and_has_all_its_claims(name: str) -> None:
    assert check_profile(profiles._FOLDER / f"{name}.toml") == []
    found = load_profile(name)
    assert found.name == name
    assert [row.id for row in found.claims] == [
        f"{LETTER[name]}-{word}" for word in CLAIMS[name].split()
    ]
    assert all(row.document and row.place for row in found.claims)
    for row in found.claims:
        for capability in row.capabilities:
            wanted = Claim.REFUSED if row.unclaimed else Claim.CLAIMED
            assert found.claim(capability) is wanted, row.id


def test_what_a_profile_says() -> None:
    found = load_profile("assisters")
    assert found.environment.key == "ASSISTERS_API_KEY"
    assert found.claim("chat.tools") is Claim.REFUSED
    assert found.claim("responses") is Claim.UNKNOWN
    assert found.claims_of_capabilities["chat"] is Claim.CLAIMED
    assert found.headers.rate_limit["limit_tokens"] == "X-RateLimit-Limit-TPM"
    assert found.tier("startup").tokens_per_minute == 5_000_000
    assert found.tier("enterprise").requests_per_minute is None
    assert found.document("overview").title == "API Overview"
    assert found.document("gone") is None
    assert load_profile("assisters-com").parameters["temperature"].maximum == 1
    assert load_profile("alveare").first_token_ms == (50, 80)
    with pytest.raises(UsageError, match="no tier 'gold'; it has: free, developer, startup"):
        found.tier("gold")


def test_a_providers_own_requirements_apply_only_where_they_are_claimed() -> None:
    own, other = load_profile("assisters"), load_profile("openai")
    assert own.applies("assisters.headers")
    assert not other.applies("assisters.headers")
    assert not own.applies("assisters-com.keys")
    assert other.applies("")
    assert other.applies("chat.vision")
    assert other.applies("rerank")


def test_a_path_is_a_profile_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD)
    assert load_profile(path).title == "X"
    assert load_profile(str(path)).title == "X"
    with pytest.raises(
        UsageError, match=r"no profile is called 'alvear'; did you mean 'alveare'\?"
    ):
        load_profile("alvear")
    with pytest.raises(UsageError, match="no profile is called 'zzz'; known: alveare, assisters"):
        load_profile("zzz")
    with pytest.raises(UsageError, match=r"the profile .*gone.toml cannot be read"):
        load_profile(tmp_path / "gone.toml")


CLAIM = HEAD + '[[documents]]\nid = "page"\ntitle = "P"\n[[claims]]\nid = "A-x"\nsentence = "S."\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name = ", "is not valid TOML"),
        ('title = "X"', "p.toml: 'name' is missing; add it."),
        (HEAD + "bas_url = 'x'", "p.toml: unknown key 'bas_url'; did you mean 'base_url'?"),
        (HEAD + "base_url = 'x'", "p.toml: 'x' at base_url: wants an address such as"),
        (HEAD + "[headers]\nrequestid = 'x'", "unknown key 'requestid' at headers; did you mean"),
        (HEAD + "[models]\nchat = 3", "p.toml: 3 at models.chat: wants a string."),
        (HEAD + "endpoints = ['/x']", "'/x' at endpoints[1]: wants a method and a path"),
        (HEAD + "[capabilities]\nmaybe = []", "unknown key 'maybe' at capabilities"),
        (
            HEAD + "[tiers.free]\nrequests_per_minute = 0",
            "0 at tiers.free.requests_per_minute: wants",
        ),
        (HEAD + "first_token_ms = [1]", "[1] at first_token_ms: wants two numbers"),
        (HEAD + "key_pattern = '('", "key_pattern is not a regular expression"),
        (
            HEAD + "[capabilities]\nclaimed = ['chat']\nrefused = ['chat']",
            "'chat' stands in capabilities.claimed and capabilities.refused; keep one.",
        ),
        (CLAIM, "claim A-x wants either requirements (or capabilities) that decide it, or"),
        (
            CLAIM + 'requirements = ["chat"]\nuncheckable = "x"',
            "claim A-x wants either requirements",
        ),
        (
            CLAIM + 'requirements = ["chat"]\nunclaimed = true',
            "is unclaimed; name its capabilities.",
        ),
        (
            CLAIM + 'requirements = ["chat"]\ndocument = "pag"',
            "claim A-x: document 'pag'; did you mean 'page'?",
        ),
        (
            CLAIM
            + 'requirements = ["c"]\n[[claims]]\nid = "A-x"\nsentence = "T."\nrequirements = ["c"]',
            "two claims are called 'A-x'; rename one.",
        ),
    ],
)
def test_profiles_that_cannot_be(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(text)
    assert problem in check_profile(path)[0]
    with pytest.raises(UsageError) as caught:
        load_profile(path)
    assert problem in str(caught.value)


def test_several_problems_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text("[models]\nchat = 3\n[environment]\nkey = 'lower case'\n")
    assert len(check_profile(path)) == 4
    with pytest.raises(UsageError, match=r"\(3 more: `conformance profiles check .*p.toml`\)"):
        load_profile(path)


def test_the_sample_of_the_documentation_is_a_profile(tmp_path: Path) -> None:
    page = Path(__file__).parents[2] / ".github" / "docs" / "profiles.md"
    sample = page.read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "acme.toml").write_text(sample, "utf-8")
    assert check_profile(tmp_path / "acme.toml") == []
    found = load_profile(tmp_path / "acme.toml")
    assert [row.id for row in found.claims] == ["stream", "tools", "billing"]
    assert found.contradictions_told
