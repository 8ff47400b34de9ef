"""The list of where personal data lies names every field of every table."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db.models import Model

from perennial.privacy.table import FOREIGN, TABLE
from perennial.privacy.terms import As, Fate

MODELS = [model for model in apps.get_models() if model._meta.app_label == "perennial"]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_is_personal_or_kept_for_a_reason(model: type[Model]) -> None:
    held = TABLE[model.__name__]
    kept = [name for names in held.kept.values() for name in names.split()]
    said = [*held.personal, *kept]
    assert sorted(said) == sorted({field.name for field in model._meta.concrete_fields})
    assert all(len(why) > 10 for why in held.kept)


def test_the_list_names_no_table_that_is_not_there() -> None:
    assert set(TABLE) == {model.__name__ for model in MODELS}


def test_tables_of_libraries_are_named_with_whose_data_they_are() -> None:
    others = {model._meta.label for model in apps.get_models() if model._meta.app_label != "perennial"}
    assert others == set(FOREIGN)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_row_that_stays_has_an_empty_value_for_each_personal_field(name: str) -> None:
    held = TABLE[name]
    if Fate.BLANK not in (held.of_customer, held.of_person):
        return
    model = next(model for model in MODELS if model.__name__ == name)
    for key, how in held.personal.items():
        field = model._meta.get_field(key)
        assert how is not As.LINK or field.null, f"{name}.{key} cannot be emptied"
        assert not (how in (As.TEXT, As.OWN, As.TITLE) and field.unique), f"{name}.{key} would not be unique"
