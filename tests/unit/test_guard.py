from __future__ import annotations

import ipaddress
import socket

import pytest

from verify.errors import FetchRefused, ForbiddenAddress, ForbiddenScheme, InvalidUrl, NameNotResolved
from verify.fetch.guard import Guard, check_address, is_public

FORBIDDEN = (
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.1.2.3",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "192.175.48.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::127.0.0.1",
    "::10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:192.168.1.1",
    "::ffff:0.0.0.0",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::c0a8:1",
    "64:ff9b:1::1",
    "64:ff9b:1::808:808",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:c0a8:101::",
    "2002:a9fe:a9fe::",
    "2001:0:7f00:1:0:0:8080:8080",
    "2001:0:808:808::80ff:fffe",
    "2620:4f:8000::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00::1",
    "fd12:3456:789a::1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "feff::1",
    "ff00::1",
    "ff02::1",
    "ff0e::1",
    "2a00:1450::5efe:7f00:1",
    "2a00:1450::200:5efe:a00:1",
    "4000::1",
    "8000::1",
)

PUBLIC = (
    "8.8.8.8",
    "1.1.1.1",
    "93.184.216.34",
    "172.32.0.1",
    "172.15.255.255",
    "100.63.255.255",
    "100.128.0.1",
    "192.167.0.1",
    "198.17.0.1",
    "198.20.0.1",
    "223.255.255.255",
    "2606:4700::6810:84e5",
    "2a00:1450:4001::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
)

FORBIDDEN_URLS = (
    "http://127.0.0.1/",
    "http://127.0.0.1:80/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0177.1/",
    "http://0177.0.0.1/",
    "http://0x7f.1/",
    "http://0x7f.0.0.1/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0/",
    "http://0.0.0.0/",
    "http://0x0/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/",
    "http://10.0.0.1/",
    "http://192.168.0.1/",
    "http://172.16.0.1/",
    "http://100.100.100.200/",
    "http://8.8.8.8/",
    "https://1.1.1.1/",
    "http://[2606:4700::1111]/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://sub.localhost/",
    "http://printer.local/",
    "http://metadata.google.internal/",
    "http://router.home.arpa/",
    "http://intranet/",
    "http://redis/",
    "http://hidden.onion/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "http://127.0.0.1./",
    "http://1.2.3.4.5/",
    "http://999.999.999.999/",
    "http://3232235521/",
    "http://0xa9fea9fe/",
    "http://0xA9.0xFE.0xA9.0xFE/",
    "http://\u2460\u2461\u2466.0.0.1/",
)

MALFORMED_URLS = (
    "http://user:password@example.com/",
    "http://example.com@127.0.0.1/",
    "http://127.0.0.1%00.example.com/",
    "http://exa mple.com/",
    "http://example.com\\@127.0.0.1/",
    "http://example.com/\r\nHost: other",
    "http://example.com/\x00",
    "http://",
    "http:///path",
    "http://[::1",
    "http://[fe80::1%25eth0]/",
    "http://example.com:99999/",
    "http://example.com:port/",
    "http://" + "a" * 3000 + ".com/",
    "https://example.com/" + "a" * 2048,
)

OTHER_SCHEMES = (
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "data:text/html,x",
    "javascript:alert(1)",
    "unix:///var/run/docker.sock",
    "dict://example.com:11211/stats",
    "example.com/video.mp4",
    "ws://example.com/",
    "http://example.com:22/",
    "http://example.com:443/",
    "https://example.com:80/",
    "https://example.com:8443/",
    "http://example.com:0/",
    "http://example.com:6379/",
)


@pytest.mark.parametrize("address", FORBIDDEN)
def test_an_address_that_is_not_public_is_refused_however_it_is_wrapped(address: str) -> None:
    with pytest.raises(ForbiddenAddress):
        check_address(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_passes(address: str) -> None:
    check_address(address)
    assert is_public(ipaddress.ip_address(address))


def test_what_is_not_an_address_is_refused() -> None:
    with pytest.raises(ForbiddenAddress):
        check_address("example.com")


@pytest.mark.parametrize("url", FORBIDDEN_URLS)
def test_bare_and_local_hosts_are_refused_before_any_lookup(url: str) -> None:
    with pytest.raises((ForbiddenAddress, InvalidUrl)):
        _unasked().target(url)


@pytest.mark.parametrize("url", MALFORMED_URLS)
def test_a_malformed_address_is_refused(url: str) -> None:
    with pytest.raises((InvalidUrl, ForbiddenAddress, ForbiddenScheme)):
        _unasked().target(url)


@pytest.mark.parametrize("url", OTHER_SCHEMES)
def test_other_schemes_and_ports_are_refused(url: str) -> None:
    with pytest.raises((ForbiddenScheme, InvalidUrl)):
        _unasked().target(url)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://Example.COM/a?b=c#d", "example.com", 443),
        ("http://example.com.", "example.com", 80),
        ("https://münchen.example/", "xn--mnchen-3ya.example", 443),
        ("https://example.com:443/", "example.com", 443),
    ],
)
def test_a_public_name_is_normalised(url: str, host: str, port: int) -> None:
    target = _unasked().target(url)
    assert (target.host, target.port, target.excepted) == (host, port, False)
    assert "#" not in target.url


@pytest.mark.parametrize("bad", FORBIDDEN)
def test_one_bad_record_condemns_the_name(bad: str) -> None:
    guard = Guard(resolver=lambda _host, _port: ("93.184.216.34", bad, "2606:4700::1"))
    with pytest.raises(ForbiddenAddress):
        guard.addresses("rebinding.example", 443)


def test_the_addresses_judged_are_the_addresses_given() -> None:
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int) -> tuple[str, ...]:
        asked.append((host, port))
        return ("93.184.216.34", "2606:4700::1")

    assert Guard(resolver=resolve).addresses("example.com", 443) == ("93.184.216.34", "2606:4700::1")
    assert asked == [("example.com", 443)]


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), OSError("broken"), UnicodeError("label")])
def test_a_failed_lookup_is_not_dialled(error: Exception) -> None:
    def resolve(_host: str, _port: int) -> tuple[str, ...]:
        raise error

    with pytest.raises(NameNotResolved):
        Guard(resolver=resolve).addresses("example.com", 443)


def test_an_empty_answer_is_not_dialled() -> None:
    with pytest.raises(NameNotResolved):
        Guard(resolver=lambda _host, _port: ()).addresses("example.com", 443)


def test_an_exception_is_for_one_host_and_port_only() -> None:
    guard = Guard(("127.0.0.1:8080", "[::1]:9000", "Films.local:80"), lambda _host, _port: ("127.0.0.1",))
    assert guard.target("http://127.0.0.1:8080/x").excepted
    assert guard.target("http://[::1]:9000/").excepted
    assert guard.target("http://films.local/").excepted
    assert guard.addresses("127.0.0.1", 8080) == ("127.0.0.1",)
    for url in ("http://127.0.0.1:8081/", "http://localhost:8080/", "http://[::1]/", "https://films.local/"):
        with pytest.raises(FetchRefused):
            guard.target(url)
    with pytest.raises(ForbiddenAddress):
        guard.addresses("127.0.0.1", 8081)


def test_an_exception_does_not_allow_other_schemes() -> None:
    with pytest.raises((ForbiddenScheme, InvalidUrl)):
        Guard(("127.0.0.1:8080",)).target("ftp://127.0.0.1:8080/")


def _unasked() -> Guard:
    def resolve(host: str, _port: int) -> tuple[str, ...]:
        raise AssertionError(f"{host} was looked up")

    return Guard(resolver=resolve)
