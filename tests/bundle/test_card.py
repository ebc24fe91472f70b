"""The card tells people what a bundle is, in words."""

from dataclasses import replace

import bundle_makers as makers

from tagger.bundle.card import model_card


def test_card_says_what_people_need_to_know():
    spec = makers.spec()
    calibrated = replace(
        spec.groups[0], calibration={"method": "Platt scaling", "data": "held-out photos", "n": 412}
    )
    card = model_card(
        replace(spec, groups=(calibrated, *spec.groups[1:]), attribution="By Ada."),
        what="A model for tests.",
        trained_on="Nothing at all.",
        notes=("It is small.",),
        measured=("mAP 0.5 on 3 photos.",),
    )
    assert card.startswith("# Tiny\n\nA model for tests.\n")
    assert "- **tags**: 5 labels, any number may be true: animal, dog, cat, beach, tree" in card
    assert "- **breed**: 2 labels, one of them, or none; asked only where *dog* holds" in card
    assert "- tags: calibrated by Platt scaling on held-out photos (412 photos)." in card
    assert "- wear: **not calibrated**" in card
    assert "48 × 40 pixels, the whole photo, squashed to that shape, bicubic." in card
    assert "Nothing at all." in card
    assert "- It is small." in card
    assert "- mAP 0.5 on 3 photos." in card
    assert "MIT. By Ada." in card


def test_card_owns_up_to_what_nobody_knows():
    card = model_card(replace(makers.spec(), licence=""), what="x")
    assert "Its source does not say." in card
    assert "Not stated by its source" in card
    assert "Good to know" not in card
