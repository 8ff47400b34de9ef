"""What a contract says as a paper: number, kind, the framework that it stands under, the reseller that signs. A change
has its entry in the journal, by which it is taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from perennial.contracts import by_hand
from perennial.contracts.amending import AMENDED, UNDO_WITHIN
from perennial.contracts.drafts import LineError
from perennial.contracts.models import Contract
from perennial.contracts.terms import ContractKind
from perennial.customers import actions as customers
from perennial.kernel.journal import actions as journal
from perennial.kernel.journal import queries as past

PAPER = "paper"
COLUMNS = ("number", "kind", "signed_on", "accepted_on", "framework_id", "reseller_id", "rebate_percent")


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A contract as it was signed. `kind`: terms.ContractKind; `reseller`: a name, "" for none; `rebate_percent`: a
    decimal text, what the reseller gets back."""

    number: str
    kind: str
    signed_on: date | None
    accepted_on: date | None = None
    framework_id: int | None = None
    reseller: str = ""
    rebate_percent: str | None = None


def check(paper: Paper, *, customer_id: int, contract_id: int | None = None) -> None:
    """:raises LineError: the number is another contract's, the framework is none, or a rebate without a reseller."""
    same = Contract.objects.filter(Q(number=paper.number) | Q(external_id=paper.number))
    if same.exclude(pk__in=[] if contract_id is None else [contract_id]).exists():
        raise LineError("number", _("A contract with this number is known already."))
    if paper.framework_id is not None:
        _check_framework(paper, paper.framework_id, customer_id, contract_id)
    if paper.rebate_percent is not None and not paper.reseller:
        raise LineError("rebate_percent", _("A rebate is a reseller's: name the reseller."))
    if paper.accepted_on is not None and paper.signed_on is not None and paper.accepted_on < paper.signed_on:
        raise LineError("accepted_on", _("It cannot be accepted before it was signed."))


def _check_framework(paper: Paper, framework_id: int, customer_id: int, contract_id: int | None) -> None:
    if paper.kind in {ContractKind.FRAMEWORK, ContractKind.PLAIN}:
        raise LineError("framework_id", _("Only an order or a supplement stands under another contract."))
    if framework_id == contract_id:
        raise LineError("framework_id", _("A contract cannot stand under itself."))
    above = Contract.objects.filter(pk=framework_id, customer_id=customer_id).first()
    allowed = {ContractKind.FRAMEWORK} if paper.kind == ContractKind.ORDER else set(ContractKind)
    if above is None or above.kind not in allowed - {ContractKind.SUPPLEMENT}:
        raise LineError(
            "framework_id", _("An order stands under a framework, a supplement under an order or contract.")
        )
    if above.framework_id == contract_id and contract_id is not None:
        raise LineError("framework_id", _("That contract stands under this one."))


def columns(paper: Paper) -> dict[str, Any]:
    """Return a paper as Contract's columns; a reseller that is new is made. Two queries where one is named."""
    reseller = customers.write_resellers([paper.reseller])[paper.reseller] if paper.reseller else None
    return {
        "number": paper.number, "kind": paper.kind, "signed_on": paper.signed_on, "accepted_on": paper.accepted_on,
        "framework_id": paper.framework_id, "reseller_id": reseller, "rebate_percent": paper.rebate_percent,
    }  # fmt: skip


@transaction.atomic
def change(contract_id: int, paper: Paper, *, seen: str, by: int, at: datetime) -> int | None:
    """Write a paper anew; return the journal entry, by which it is undone, None where nothing is different. `seen`: its
    `mark` as the member saw it.

    :raises LineError: it cannot be, or somebody changed it meanwhile; nothing is written.
    """
    contract = Contract.objects.select_for_update().get(pk=contract_id)
    if mark(contract) != seen:
        raise LineError("", _("Somebody changed this contract meanwhile. Look at it again."))
    check(paper, customer_id=contract.customer_id, contract_id=contract_id)
    after = columns(paper)
    before = {name: getattr(contract, name) for name in after}
    if before == after:
        return None
    return _write(contract, {**after, "by_hand": by_hand.changed(contract, after)}, {}, by=by, at=at)


@transaction.atomic
def decide(contract_id: int, column: str, *, takes: bool, seen: str, by: int, at: datetime) -> int | None:
    """Take what the source says of a column that a member changed, or keep the member's; return the journal entry, by
    which it is undone, None where there is no such open point. `seen`: the paper's `mark` as the member saw it.

    :raises LineError: somebody changed the paper meanwhile, or the source's value cannot be; nothing is written.
    """
    contract = Contract.objects.select_for_update().get(pk=contract_id)
    if mark(contract) != seen:
        raise LineError("", _("Somebody changed this contract meanwhile. Look at it again."))
    if column not in by_hand.open_points(contract):
        return None
    after = by_hand.decided(contract, column, takes=takes)
    return _write(contract, after, {"point": column, "takes": takes}, by=by, at=at)


def _write(contract: Contract, after: dict[str, Any], data: dict[str, Any], *, by: int, at: datetime) -> int:
    before = {name: getattr(contract, name) for name in after}
    _set(contract, after)
    return _tell(contract, data, {"before": _plain(before), "after": _plain(after)}, by=by, at=at)


def mark(contract: Contract) -> str:
    """Return what the paper says as one text: another one where it was changed."""
    return "|".join(str(getattr(contract, name)) for name in (*COLUMNS, "by_hand"))


@transaction.atomic
def undo(*, entry_id: int, by: int, at: datetime) -> bool:
    """Take back an own change of the last 24 hours. Return False where there is no such change, or it was taken back.

    :raises LineError: the paper was changed again since.
    """
    entry = past.entry(entry_id)
    if entry is None or entry.kind != AMENDED or entry.data.get("change") != PAPER or entry.by_id != by:
        return False
    if at - entry.at > UNDO_WITHIN or past.is_undone(entry):
        return False
    contract = Contract.objects.select_for_update().get(pk=entry.data["contract"])
    before, after = entry.personal.get("before"), entry.personal.get("after")
    if before is None or after is None:
        return False  # erased since
    if _plain({name: getattr(contract, name) for name in after}) != after:
        raise LineError("", _("This contract was changed again since, so it is not taken back."))
    _set(contract, {name: by_hand.value_of(name, value) for name, value in before.items()})
    _tell(contract, {"undone": entry_id, "change": "undone"}, {}, by=by, at=at)
    return True


def _set(contract: Contract, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(contract, name, value)
    contract.save(update_fields=list(values))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _tell(contract: Contract, data: dict[str, Any], personal: dict[str, Any], *, by: int, at: datetime) -> int:
    return journal.record(
        AMENDED, customer_id=contract.customer_id, subject=f"contract:{contract.pk}", by=by, at=at,
        data={"change": PAPER, "contract": contract.pk, **data}, personal=personal,
    )  # fmt: skip
