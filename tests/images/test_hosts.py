"""Which hosts and addresses are in reach: the table that keeps the inside of a network inside."""

from __future__ import annotations

import ipaddress

import pytest

from ml_backend.addresses import is_public
from ml_backend.errors import InvalidInput
from ml_backend.images.hosts import Reach, read_hosts, resolve
from support.tables import each_row


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_addresses_of_the_open_internet_are_public(address):
    assert is_public(ipaddress.ip_address(address))


@each_row(
    "address",
    [
        *("127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
        *("255.255.255.255", "192.0.0.1", "203.0.113.9"),
        *("::1", "::", "fe80::1", "fe80::1%1", "fc00::1", "fd12::1", "fec0::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::"),
        *("2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "100::1"),
    ],
)
def test_private_loopback_link_local_and_reserved_addresses_are_not(address):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost"])
def test_odd_spellings_of_loopback_are_looked_up_and_found_out(host):
    reach = Reach((host,))
    assert resolve(host, 80)
    assert reach.addresses(host, 80) == []


@each_row(
    ("host", "named"),
    [
        ("images.example.com", True),
        ("IMAGES.Example.com.", True),
        ("a.cdn.example.org", True),
        ("a.b.cdn.example.org", True),
        ("xn--mnchen-3ya.example", True),
        ("münchen.example", True),
        ("cdn.example.org", False),
        ("evilcdn.example.org", False),
        ("images.example.com.evil.org", False),
        ("evil-images.example.com", False),
        ("example.com", False),
        ("", False),
    ],
)
def test_hosts_are_named_whole_or_by_what_they_end_in(host, named):
    hosts = read_hosts(" images.example.com, *.CDN.example.org.,,münchen.example ")
    assert Reach(hosts).names(host) is named


@each_row(
    "text",
    [
        "*",
        "*.",
        "https://example.com",
        "example.com/path",
        "a b",
        "*.*.com",
        "a.*.com",
        "a:80",
        "::1",
    ],
)
def test_entries_that_name_no_host_are_refused_with_the_way_to_write_them(text):
    with pytest.raises(InvalidInput, match="IMAGE_HOSTS") as caught:
        read_hosts(f"ok.example.com,{text}")
    assert caught.value.field == "IMAGE_HOSTS"
