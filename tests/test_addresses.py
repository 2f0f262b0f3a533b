"""Which addresses and hosts are of the open internet, in whatever spelling."""

from __future__ import annotations

import ipaddress

from ml_backend.addresses import is_path_name, is_public, literal, may_be_public, network_of


def words(text: str) -> list[str]:
    return text.split()


NOT_PUBLIC = words(
    """
    127.0.0.1 127.255.1.2 0.0.0.0 0.1.2.3 10.1.2.3 172.31.255.1 192.168.44.1 169.254.170.2
    100.64.0.1 100.100.100.200 100.127.255.254 192.0.0.1 192.0.0.9 192.0.0.170 192.0.0.192
    192.0.2.7 192.88.99.1 192.88.99.250 198.18.0.1 198.19.255.1 198.51.100.9 203.0.113.77
    224.0.0.251 239.255.255.250 240.0.0.1 255.255.255.255 168.63.129.16
    ::1 :: fe80::1 febf::2 fc00::1 fdff::1 fec0::1 ff02::fb 100::1 2001:db8::7 3fff::1 5f00::1
    2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:10::1 2001:20::1
    ::ffff:10.0.0.1 ::ffff:192.88.99.1 ::ffff:0:10.0.0.1 ::10.1.2.3 2002:c0a8:0101::1
    64:ff9b::a00:1 64:ff9b::c000:c0 64:ff9b:1::a00:1
"""
)
PUBLIC = words(
    """
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 172.15.0.1 172.32.0.1
    192.0.1.1 192.167.1.1 198.17.0.1 198.20.0.1 223.255.255.1 2606:4700::1111 2a00:1450::1
    2001:4860:4860::8888 64:ff9b::808:808 ::ffff:8.8.8.8 2002:808:808::1
"""
)


def test_each_address_is_told_public_or_not() -> None:
    wrong = [each for each in NOT_PUBLIC if is_public(ipaddress.ip_address(each))]
    wrong += [each for each in PUBLIC if not is_public(ipaddress.ip_address(each))]
    assert wrong == []


def test_hosts_of_this_network_are_told_in_any_spelling() -> None:
    inner = words(
        """
        localhost LOCALHOST. a.localhost printer.local vault.internal metadata.google.internal.
        nas.lan db.corp box.home.arpa router.home ollama vllm metadata 2130706433 0x7f000001
        0177.1 0x7f.1 127.1 017700000001 0xa9fea9fe 2852039166 169.254.43518 10.1 0 00 127.0.0.1.
        [::1] ::1 [::ffff:169.254.169.254] fe80::1%eth0 １２７.０.０.１ ①②⑦.0.0.1 127。0。0。1
        ｌocalhost 300.1.1.1 1.2.3.4.5 0x1ffffffff 09.1.1.1
    """
    )
    outer = words(
        """
        api.openai.com API.OpenAI.com. 8.8.8.8 134744072 [2606:4700::1111] models.example
        my-local.example localhost.example internal.example.com xn--mnchen-3ya.example
        münchen.example
        internal.openai.azure.com
    """
    )
    wrong = [each for each in inner if may_be_public(each)]
    wrong += [each for each in outer if not may_be_public(each)]
    assert wrong == []


def test_odd_spellings_of_an_address_are_read_as_look_ups_read_them() -> None:
    loopback = ipaddress.ip_address("127.0.0.1")
    for spelled in ("2130706433", "0x7f.0.0.1", "017700000001", "127.1", "127.0.1", "0177.0.0.01"):
        assert literal(spelled) == loopback, spelled
    for none in ("256.1.1.1", "1.2.3.4.5", "08.1.1.1", "0x7f.0x1ffffff", "a.b", "1..2", ""):
        assert literal(none) is None, none


def test_a_name_in_an_address_leads_nowhere_else() -> None:
    names = ["gpt-4.1", "my_deployment", "a", "2024-10-21", "prod..v2", "_x"]
    others = [
        *(
            "",
            ".",
            "..",
            "../..",
            "a/b",
            "a%2fb",
            "..%2f",
            "a?b",
            "a#b",
            "a\\b",
            "a b",
            "a;b",
            "a@b",
        ),
        *(".hidden", "ends.", "a\n", "\ta", "ä", "x" * 129, "a:b", "{a}", "%2e%2e"),
    ]
    assert [each for each in names if not is_path_name(each)] == []
    assert [each for each in others if is_path_name(each)] == []


def test_clients_of_ipv6_count_by_network_however_that_is_written() -> None:
    for text, network in (
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2"),
        ("2001:db8::3:4:5:6", "2001:db8:0:0"),
        ("2001:db8::ffff:0:0:1", "2001:db8:0:0"),
        ("fe80::1%eth0", "fe80:0:0:0"),
        ("::1", "0:0:0:0"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
        ("10.0.0.7", "10.0.0.7"),
        ("", ""),
        ("a:b", "a:b"),
    ):
        assert network_of(text) == network, text
