"""Finding a label while typing."""


def test_offers_come_by_name_and_synonym_best_first(desk):
    offers = desk.completion.offers("pu")
    found = [(o.name, o.via) for o in offers if o.label is not None]
    assert found == [("Pug", ""), ("dog", "puppy")]


def test_what_is_not_there_can_be_made_in_any_group_the_present_one_first(desk):
    schema = desk.session.library.facts.schema
    breed = schema.group_named("breed").num
    new = [o for o in desk.completion.offers("Kite ", breed) if o.label is None]
    assert [(o.name, o.group_name) for o in new] == [("Kite", "breed"), ("Kite", "tags")]
    assert [o.group_name for o in desk.completion.offers("tags/Kite") if o.label is None] == [
        "tags"
    ]


def test_an_existing_name_is_not_offered_as_new(desk):
    offers = desk.completion.offers("DOG")
    assert offers[0].name == "dog"
    assert not [o for o in offers if o.label is None and o.group_name == "tags"]
    assert desk.completion.offers("   ") == []
