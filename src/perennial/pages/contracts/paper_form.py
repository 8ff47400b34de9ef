"""The form of a contract as a paper: number, kind, framework, reseller, days. What may be, contracts.papers decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from perennial.contracts.models import Contract
from perennial.contracts.papers import Paper
from perennial.contracts.terms import ContractKind
from perennial.pages.contracts.forms import DayField, percent_of

PAPER_KINDS = ((ContractKind.ORDER.value, _("Order")), (ContractKind.SUPPLEMENT.value, _("Supplement")),
               (ContractKind.FRAMEWORK.value, _("Framework")), (ContractKind.PLAIN.value, _("Contract")))  # fmt: skip


class PaperForm(forms.Form):
    """A contract as a paper: a new one, or one whose paper changes."""

    number = forms.CharField(label=_("Contract number"), max_length=100)
    paper_kind = forms.ChoiceField(label=_("Kind"), choices=PAPER_KINDS)
    framework_id = forms.TypedChoiceField(label=_("Stands under"), coerce=int, required=False, empty_value=None)
    signed_on = DayField(label=_("Signed on"))
    accepted_on = DayField(label=_("Accepted on"))
    reseller = forms.CharField(label=_("Reseller"), required=False, max_length=200,
                               help_text=_("Signs for the end customer and pays the lines' prices."))  # fmt: skip
    rebate_percent = forms.CharField(label=_("Rebate of the reseller, %"), required=False, max_length=10)

    def __init__(self, *args: Any, frameworks: Sequence[tuple[int, str]] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["framework_id"].choices = [("", "–"), *frameworks]  # type: ignore[attr-defined]  # a ChoiceField

    def clean_rebate_percent(self) -> str | None:
        """Return the percentage as it is kept."""
        share = percent_of(self.cleaned_data["rebate_percent"])
        return f"{share:f}" if share else None

    @property
    def paper(self) -> Paper:
        """Return what was typed."""
        data = dict(self.cleaned_data)
        return Paper(kind=data.pop("paper_kind"), **data | {"reseller": data["reseller"].strip()})


def values_of(contract: Contract) -> dict[str, Any]:
    """Return what the form of a paper shows of a contract."""
    return {
        "number": contract.number or contract.external_id, "paper_kind": contract.kind,
        "framework_id": contract.framework_id, "signed_on": contract.signed_on, "accepted_on": contract.accepted_on,
        "reseller": contract.reseller.name if contract.reseller else "", "rebate_percent": contract.rebate_percent,
    }  # fmt: skip
