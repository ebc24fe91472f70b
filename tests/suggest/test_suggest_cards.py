"""Promises about finding graphics cards: on a made-up PCI bus, and with made-up answers."""

import json

import pytest

from tagger.suggest.cards import Card, ask, seen_cards
from tagger.suggest.gpu import NO_GPU, Gpu, family_of, found_gpus, hindrance, parse_smi

PCI_IDS = """# comment
1002  Advanced Micro Devices, Inc. [AMD/ATI]
\t744c  Navi 31 [Radeon RX 7900 XTX]
10de  NVIDIA Corporation
\t1b80  GP104 [GeForce GTX 1080]
\t\t1043 8592  a subsystem
\t2684  AD102 [GeForce RTX 4090]
8086  Intel Corporation
"""


@pytest.fixture
def bus(tmp_path):
    """Return a function that puts devices (class, vendor, device) on a bus, and lists them."""
    (tmp_path / "pci.ids").write_text(PCI_IDS)

    def make(*devices):
        for number, values in enumerate(devices):
            folder = tmp_path / "devices" / f"0000:00:0{number}.0"
            folder.mkdir(parents=True)
            for name, value in zip(("class", "vendor", "device"), values, strict=True):
                (folder / name).write_text(f"{value}\n")
        return seen_cards(
            system="Linux", devices=tmp_path / "devices", names=[tmp_path / "pci.ids"]
        )

    return make


def test_a_card_is_seen_on_the_bus_by_its_name_also_without_a_driver(bus):
    cards = bus(
        ("0x030000", "0x10de", "0x1b80"),
        ("0x040300", "0x10de", "0x10f0"),  # its sound device
        ("0x030200", "0x10de", "0x2684"),  # without an output
        ("0x038000", "0x1002", "0x744c"),
    )
    assert cards == [
        Card("NVIDIA", "NVIDIA GP104 [GeForce GTX 1080]"),
        Card("NVIDIA", "NVIDIA AD102 [GeForce RTX 4090]"),
        Card("AMD", "AMD Navi 31 [Radeon RX 7900 XTX]"),
    ]


def test_a_card_that_no_list_knows_is_called_by_its_numbers(bus):
    assert bus(("0x030000", "0x10de", "0x9999")) == [
        Card("NVIDIA", "NVIDIA graphics card 10de:9999")
    ]


def test_displays_of_virtual_machines_and_servers_are_no_graphics_cards(bus):
    assert bus(("0x030000", "0x1234", "0x1111"), ("0x030000", "0x1a03", "0x2000")) == []


def test_a_machine_without_a_bus_has_no_cards(tmp_path):
    assert seen_cards(system="Linux", devices=tmp_path / "nothing") == []


@pytest.mark.parametrize("many", [True, False])
def test_windows_answer_is_read(many):
    entry = {"Name": "NVIDIA GeForce RTX 3060", "PNPDeviceID": "PCI\\VEN_10DE&DEV_2504&REV_A1"}
    virtual = {"Name": "Remote Display", "PNPDeviceID": "SWD\\REMOTEDISPLAYENUM"}
    answer = json.dumps([entry, virtual] if many else entry)
    found = seen_cards(system="Windows", ask=lambda command: answer)
    assert found == [Card("NVIDIA", "NVIDIA GeForce RTX 3060")]


def test_macs_answer_is_read():
    answer = json.dumps(
        {"SPDisplaysDataType": [{"sppci_model": "Apple M4"}, {"sppci_model": "Radeon Pro 560"}]}
    )
    found = seen_cards(system="Darwin", ask=lambda command: answer)
    assert found == [Card("Apple", "Apple M4"), Card("AMD", "Radeon Pro 560")]


@pytest.mark.parametrize("system", ["Windows", "Darwin"])
@pytest.mark.parametrize("answer", ["", "no such command", "[1, 2]", "{}"])
def test_an_answer_that_makes_no_sense_means_no_cards(system, answer):
    assert seen_cards(system=system, ask=lambda command: answer) == []


def test_a_command_that_is_not_there_or_hangs_says_nothing():
    assert ask(["no-such-program-here"]) == ""
    assert ask(["sleep", "5"], seconds=0.05) == ""
    assert ask(["false"]) == ""


def answering(answers):
    """Return an `ask` that knows only some queries of nvidia-smi."""

    def ask(command):
        return next((words for part, words in answers.items() if part in command), "")

    return ask


def test_an_old_nvidia_smi_that_knows_no_compute_capability_is_asked_again(tmp_path):
    old = answering({"--query-gpu=name,driver_version": "GeForce GTX 1080, 390.157\n"})
    gpus = found_gpus(ask=old)
    assert gpus == [Gpu("GeForce GTX 1080", "390.157")]
    assert "GTX 1080 (family Pascal) is too old" in hindrance(gpus)


def test_the_driver_alone_is_enough_where_nvidia_smi_is_missing(tmp_path):
    module = tmp_path / "version"
    module.write_text("NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27\n")
    nothing = answering({})
    found = found_gpus(ask=nothing, loads=lambda name: True, kernel_module=module)
    assert found == [Gpu("NVIDIA GPU", "580.65.06")]
    assert found_gpus(ask=nothing, loads=lambda name: False, kernel_module=module) == []
    gone = tmp_path / "gone"
    assert found_gpus(ask=nothing, loads=lambda name: True, kernel_module=gone) == []


def test_drivers_and_gpus_that_cuda_13_leaves_out_are_named():
    answer = "NVIDIA H200, 580.95.05, 9.0\nTesla V100, 580.95.05, 7.0\n"
    assert parse_smi(answer) == [
        Gpu("NVIDIA H200", "580.95.05", 9.0),
        Gpu("Tesla V100", "580.95.05", 7.0),
    ]
    assert hindrance(parse_smi(answer)) == "", "one of the two can be used"
    assert "Tesla V100 (family Volta) is too old" in hindrance(parse_smi(answer)[1:])
    old = hindrance([Gpu("GeForce RTX 3060", "535.10", 8.6)])
    assert "driver 535.10 of the GeForce RTX 3060 is too old" in old
    assert "580" in old
    assert hindrance([]) == NO_GPU
    assert parse_smi("NVIDIA-SMI has failed because it couldn't communicate\n") == []


def test_a_card_without_a_driver_is_named_with_what_to_install():
    words = hindrance([], [Card("NVIDIA", "NVIDIA AD102 [GeForce RTX 4090]")])
    assert "GeForce RTX 4090" in words
    assert "no NVIDIA driver runs" in words
    assert "580" in words


def test_a_card_without_a_driver_that_is_too_old_is_not_worth_a_driver():
    words = hindrance([], [Card("NVIDIA", "NVIDIA GP104 [GeForce GTX 1080]")])
    assert "Pascal" in words
    assert "Install" not in words


def test_cards_of_others_are_no_nvidia_gpu():
    assert hindrance([], [Card("AMD", "AMD Navi 31")]) == NO_GPU


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("NVIDIA GeForce GTX 1070 Ti", "Pascal"),
        ("Quadro P2000", "Pascal"),
        ("NVIDIA TITAN Xp", "Pascal"),
        ("Tesla V100-SXM2-16GB", "Volta"),
        ("NVIDIA TITAN V", "Volta"),
        ("GeForce GTX 980", "Maxwell"),
        ("NVIDIA GeForce GTX 1660 SUPER", "Turing"),
        ("NVIDIA GeForce RTX 2070", "Turing"),
        ("NVIDIA GeForce RTX 3060 Laptop GPU", "Ampere"),
        ("NVIDIA A100-SXM4-80GB", "Ampere"),
        ("NVIDIA RTX A4000", "Ampere"),
        ("NVIDIA GeForce RTX 4090", "Ada"),
        ("NVIDIA L40S", "Ada"),
        ("NVIDIA H200", "Hopper"),
        ("NVIDIA GeForce RTX 5090", "Blackwell"),
        ("Something of 2031", ""),
    ],
)
def test_families_are_known_by_name_where_the_capability_is_not(name, family):
    assert family_of(name)[0] == family


def test_the_capability_tells_the_family_where_it_is_known():
    assert family_of("whatever", 6.1) == ("Pascal", 6.1)
    assert family_of("whatever", 12.0)[0] == "Blackwell"
