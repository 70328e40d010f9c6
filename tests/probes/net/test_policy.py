"""Which URLs and addresses the policy lets through. Nothing here opens a socket."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checklist.probes.net.addresses import Reach, canonical, classify, faces
from checklist.probes.net.errors import Blocked
from checklist.probes.net.policy import EgressPolicy
from checklist.probes.net.urls import BadUrl, join, parse

NOTHING_ALLOWED = EgressPolicy()
EVERYTHING_ALLOWED = EgressPolicy.from_setting("0.0.0.0/0:1-65535,[::/0]:1-65535")

METADATA = [
    "169.254.169.254",  # AWS, GCP, Azure, OCI, DigitalOcean, Hetzner, Vultr, IBM ...
    "169.254.170.2",  # AWS ECS
    "169.254.170.23",  # AWS EKS
    "169.254.42.42",  # Scaleway
    "169.254.0.23",  # Tencent
    "168.63.129.16",  # Azure platform
    "100.100.100.200",  # Alibaba
    "192.0.0.192",  # Oracle classic
    "[fd00:ec2::254]",  # AWS
    "[fd00:ec2::23]",  # AWS EKS
    "[fd20:ce::254]",  # GCP
    "[fd00:42::42]",  # Scaleway
    "[fd00:a9fe:a9fe::1]",  # Linode
    "[fe80::a9fe:a9fe]",  # OpenStack
]


@pytest.mark.parametrize("policy", [NOTHING_ALLOWED, EVERYTHING_ALLOWED], ids=["default", "all allowed"])
@pytest.mark.parametrize("host", METADATA)
def test_metadata_addresses_are_never_allowed(policy: EgressPolicy, host: str) -> None:
    assert "never allowed" in (policy.check_url(f"http://{host}/latest/meta-data/") or "")


@pytest.mark.parametrize(
    "host",
    [
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::169.254.169.254]",
        "[::ffff:0:169.254.169.254]",
        "[64:ff9b::169.254.169.254]",
        "[64:ff9b:1::169.254.169.254]",
        "[64:ff9b:1:a9fe:a9:fe00::]",
        "[2002:a9fe:a9fe::]",
        "[2001:0:a9fe:a9fe::]",
        "[2001:0:1:1::5601:5601]",
        "[2606:4700::200:5efe:169.254.169.254]",
    ],
)
def test_metadata_hidden_in_ipv6_is_never_allowed(host: str) -> None:
    assert "never allowed" in (EVERYTHING_ALLOWED.check_url(f"http://{host}/") or "")


@pytest.mark.parametrize(
    "host",
    ["metadata.google.internal", "METADATA.google.internal.", "metadata", "metadata.goog", "instance-data"],
)
def test_metadata_names_are_refused_before_any_look_up(host: str) -> None:
    assert "metadata" in (EVERYTHING_ALLOWED.check_url(f"http://{host}/") or "")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.8.8.8",
        "10.1.2.3",
        "172.31.255.255",
        "192.168.0.1",
        "100.64.0.1",
        "[::1]",
        "[fd12::1]",
        "0.0.0.0",
        "0.1.2.3",
        "255.255.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "198.18.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "[::]",
        "[fec0::1]",
        "[ff02::1]",
        "[2001:db8::1]",
        "[100::1]",
        "[4000::1]",
        "[2002:7f00:1::]",
        "[::7f00:1]",
        "[64:ff9b::7f00:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[2001:0:7f00:1::]",
        "[3fff::1]",
    ],
)
def test_addresses_that_are_not_public_are_refused(host: str) -> None:
    assert NOTHING_ALLOWED.check_url(f"http://{host}/") is not None


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "127.1",
        "127.0.1",
        "0",
        "0x0",
        "1.2.3.4.5",
        "0x7f.0x0.0x0.0x1",
        "127.0.0.1.",
        "127.0.0.01",
        "00.0.0.0",
        "256.0.0.1",
        "8.8.2056",
        "evil.0x7f",
        "\uff11\uff12\uff17.0.0.1",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "127.0.0.¹",
        "ⓛocalhost",
        "١٢٧.0.0.1",
        "⑯⑨.254.169.254",
    ],
)
def test_numeric_and_unicode_spellings_of_addresses_are_refused(host: str) -> None:
    assert NOTHING_ALLOWED.check_url(f"http://{host}/") is not None


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "//example.com/",
        "example.com",
        "",
        "http://example.com/a b",
        "http://example.com/a\\..\\b",
        "http://example.com/?q=a b",
        " http://example.com/",
        "http://user@example.com/",
        "http://user:pw@example.com/",
        "http://example.com@127.0.0.1/",
        "http://@example.com",
        "http://127.0.0.1\\@example.com/",
        "http://example.com\\.evil/",
        "http://exa\tmple.com/",
        "http://example.com/\r\nX: y",
        "http://example.com:٨٠/",
        "http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com:80:80/",
        "http://[fe80::1%25eth0]/",
        "http://[::1%lo]/",
        "http://%31%32%37.0.0.1/",
        "http://exam%70le.com/",
        "http:///path",
        "http://",
        "http://.",
        "http://..",
        "http://a..b/",
        "http://-a.example/",
        "http://[::1",
        "http://[]/",
        "http://" + "a" * 64 + ".example/",
        "http://example.com/" + "a" * 2048,
        "http://[v1.x]/",
        "http://ex\x00ample.com/",
    ],
)
def test_urls_that_parsers_disagree_on_are_refused_whatever_is_allowed(url: str) -> None:
    with pytest.raises(BadUrl):
        parse(url)
    assert EVERYTHING_ALLOWED.check_url(url) is not None


@pytest.mark.parametrize(
    ("url", "host", "shown"),
    [
        ("https://Example.COM./a?q#f", "example.com", "https://example.com/a"),
        ("http://good.example#@evil.example/", "good.example", "http://good.example/"),
        ("http://good.example?@evil.example/", "good.example", "http://good.example/"),
        ("http://good.example/@evil.example/", "good.example", "http://good.example/@evil.example/"),
        ("https://example.com:443", "example.com", "https://example.com/"),
        ("https://bücher.example/", "xn--bcher-kva.example", "https://xn--bcher-kva.example/"),
        ("http://[2606:4700:0::1]/", "2606:4700::1", "http://[2606:4700::1]/"),
        ("http://[::ffff:8.8.8.8]/", "8.8.8.8", "http://8.8.8.8/"),
    ],
)
def test_one_reading_of_a_url_is_checked_and_dialled(url: str, host: str, shown: str) -> None:
    assert NOTHING_ALLOWED.check_url(url) is None
    assert (parse(url).host, parse(url).shown) == (host, shown)


@pytest.mark.parametrize("port", [22, 25, 5432, 6379, 8080, 8443])
def test_public_hosts_are_asked_on_80_and_443_only(port: int) -> None:
    assert NOTHING_ALLOWED.check_url(f"http://example.com:{port}/") is not None
    assert NOTHING_ALLOWED.check_url(f"http://8.8.8.8:{port}/") is not None


def test_the_allow_lists_ports_decide_even_on_an_allowed_network() -> None:
    policy = EgressPolicy.from_setting(
        "127.0.0.1/32:8000,10.0.0.0/8:443,10.0.0.0/8:9000-9002,internal.example"
    )
    assert policy.check_url("http://127.0.0.1:8000/") is None
    assert policy.check_url("http://127.0.0.1:5432/") is not None
    assert policy.check_url("http://127.0.0.1:6379/") is not None
    assert policy.check_url("http://127.0.0.2:8000/") is not None
    assert policy.check_url("https://10.1.2.3/") is None
    assert policy.check_url("http://10.1.2.3/") is not None
    assert [policy.check_url(f"http://10.1.2.3:{port}/") is None for port in (8999, 9000, 9002, 9003)] == [
        False,
        True,
        True,
        False,
    ]
    assert policy.check_url("http://internal.example/") is None
    assert policy.check_url("http://internal.example:5432/") is not None


def test_a_named_host_may_be_private_but_not_its_neighbours() -> None:
    policy = EgressPolicy.from_setting("Internal.Example.:8443")
    private = ip_address("10.0.0.5")
    policy.check_answers("internal.example", [private], 8443)
    for host, port in (("other.example", 8443), ("internal.example", 443), ("x.internal.example", 8443)):
        with pytest.raises(Blocked):
            policy.check_answers(host, [private], port)
    for never in ("169.254.169.254", "2002:a00:5::", "224.0.0.1"):
        with pytest.raises(Blocked):
            policy.check_answers("internal.example", [ip_address(never)], 8443)


def test_one_bad_answer_among_good_ones_blocks_all() -> None:
    answers = [ip_address("8.8.8.8"), ip_address("2606:4700::1"), ip_address("10.0.0.1")]
    with pytest.raises(Blocked, match=r"example\.com leads to 10\.0\.0\.1"):
        NOTHING_ALLOWED.check_answers("example.com", answers, 443)
    NOTHING_ALLOWED.check_answers("example.com", answers[:2], 443)


def test_nat64_needs_both_its_network_and_what_is_hidden_in_it() -> None:
    policy = EgressPolicy.from_setting("64:ff9b::/96")
    assert policy.check_url("https://[64:ff9b::8.8.8.8]/") is None
    assert policy.check_url("https://[64:ff9b::10.0.0.1]/") is not None


@pytest.mark.parametrize(
    "entry",
    [
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/8:",
        "10.0.0.0/8:0",
        "10.0.0.0/8:70000",
        "10.0.0.0/8:90-80",
        "10.0.0.0/8:x",
        "http://internal.example",
        "*.example",
        "internal example",
        "[fd00::/8]:x",
        "fd00::/8:443x",
        "1.2.3",
        "-a",
        "a..b",
    ],
)
def test_malformed_entries_are_named(entry: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        EgressPolicy.from_setting(entry)
    assert entry.strip() in str(caught.value) or "network" in str(caught.value)


def test_ipv6_entries_with_and_without_ports() -> None:
    policy = EgressPolicy.from_setting(["[fd12::/16]:8443", "fd34::/16", "::1"])
    assert policy.check_url("https://[fd12::1]:8443/") is None
    assert policy.check_url("https://[fd12::1]/") is not None
    assert policy.check_url("https://[fd34::1]/") is None
    assert policy.check_url("https://[::1]/") is None


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("/login", "https://example.com/login"),
        ("login?next=1", "https://example.com/a/login?next=1"),
        ("//other.example/x", "https://other.example/x"),
        ("?page=2", "https://example.com/a/b?page=2"),
        ("#top", "https://example.com/a/b"),
        ("HTTP://Other.example", "http://other.example/"),
    ],
)
def test_locations_are_resolved_against_their_url(location: str, where: str) -> None:
    assert join(parse("https://example.com/a/b"), location).url == where


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "gopher://x/",
        "data:text/html,x",
        "javascript:1",
        "http://a@b/",
        "/a\\b",
        "http://[",
    ],
)
def test_locations_of_other_kinds_are_refused(location: str) -> None:
    with pytest.raises(BadUrl):
        join(parse("https://example.com/a/b"), location)


@given(st.ip_addresses())
def test_a_private_face_is_never_let_through_by_default(address: object) -> None:
    parsed = canonical(str(address))
    allowed = NOTHING_ALLOWED.check_address(parsed, 443) is None
    assert allowed == all(classify(face).reach is Reach.PUBLIC for face in faces(parsed))
    if allowed:
        assert parsed.is_global or parsed.version == 6


@given(st.text(max_size=80))
def test_any_text_gets_an_answer_and_no_exception(text: str) -> None:
    for url in (text, f"http://{text}", f"https://{text}/", f"http://example.com/{text}"):
        reason = NOTHING_ALLOWED.check_url(url)
        assert reason is None or reason
