"""The starter's card: what a person should know before relying on it."""

from __future__ import annotations

from tagger.bundle.spec import BundleSpec

_TEXT = """# {name}

Made on this machine from published weights, so that the first folder has suggestions before
anything was learned. It knows nothing of your photos; retraining from your labels does.

## What it is
EfficientNet-Lite0 ({size} × {size} pixels, the whole photo squashed to a square, bicubic), trained
on ImageNet-1k. Every label is a sum of ImageNet's 1000 class probabilities, by curated lists:

{groups}

## Not calibrated
**The scores are not calibrated.** A score of 0.8 does not mean that 8 of 10 such photos have the
label: ImageNet has one object per photo and no *people*, so scores of busy photos come out too low,
and what ImageNet does not know is taken for what looks most like it. Thresholds were chosen by
what a label gathers (dog 0.3, plain things 0.2, wide or easily mistaken labels more), by hand.

## What was measured
With the default thresholds, on small sets of real photos (figures and method: docs/starter.md):

- breed, one ImageNet photo of each of 79 breeds: right at first guess 0.835, among three 0.962
  (the weights may have seen these photos);
- tags/dog, 700 snapshots: average precision 0.96; 86 % of the dogs suggested, and 1.5 % of the
  photos without one;
- garment, 610 landscapes: suggested on 0.3 %.

Weak: people and faces (unknown to ImageNet), cars and cats that are small in the photo, buildings
of every kind, lakes and valleys. Photos with a dark frame look like a television to it.

## Licence
{licence}. {attribution}
"""

_FAST = """# {name}

The starter, calculating in whole numbers of 8 bits: about twice as fast on a processor (2.3 times
where it was measured), and nearly the same suggestions. On a graphics card the ordinary starter
is the faster one.

It sees a photo a little differently, so photos are looked at once more when you change to it;
what you decided stays. What a model learned from your labels is in that model: press *Retrain* to
teach this one too, which takes seconds. For a fine-tuning of the network itself use the ordinary
starter.

## What was measured
Against the ordinary starter, on photos that nothing was fitted to (method: docs/fast.md): of the
labels that either of them suggests, both suggest 96 % (95 % on stock photos, 93 % on snapshots);
the breed of 77 of 79 dogs is the same; mean average precision on stock photos is 0.003 lower as
delivered, and after *Retrain* the same within chance.

## What it is
{rest}"""


def starter_card(spec: BundleSpec) -> str:
    """Return the text of `card.md` for the starter described by `spec`."""
    groups = "\n".join(
        f"- **{group.name}** ({group.kind}, {len(group.labels)} labels)"
        + (f", asked only where `{group.gate}` holds" if group.gate else "")
        for group in spec.groups
    )
    return _TEXT.format(
        name=spec.name,
        size=spec.preprocessing.width,
        groups=groups,
        licence=spec.licence,
        attribution=spec.attribution,
    )


def fast_card(spec: BundleSpec) -> str:
    """Return the text of `card.md` for the fast starter described by `spec`."""
    _, _, rest = starter_card(spec).partition("## What it is\n")
    rest = rest.replace("## What was measured\n", "## What was measured of the ordinary starter\n")
    return _FAST.format(name=spec.name, rest=rest)
