"""A list as a file: exactly the rows, the order and the columns that are shown, streamed, within the member's rights.

The first column is the customer's key, by which an edited file finds its customers again. Text cells are guarded
against running as formulas (kernel/cells); numbers and days are written as such; unknown is an empty cell.
"""

from __future__ import annotations

import csv
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import xlsxwriter
from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import translation
from django.utils.translation import gettext

from perennial.customers import lists
from perennial.customers import queries as customers
from perennial.customers.access import visible_fields
from perennial.customers.catalogue import FIELDS, Field, Unit
from perennial.customers.lists import Listing
from perennial.customers.models import PortfolioRow
from perennial.customers.queries import sort_of
from perennial.customers.terms import ListError
from perennial.kernel import money
from perennial.kernel.cells import safe_cell
from perennial.kernel.journal import actions as journal
from perennial.kernel.organisation.queries import house
from perennial.kernel.queue import actions as queue
from perennial.kernel.queue.actions import Claim, Report
from perennial.members import access
from perennial.members import queries as members
from perennial.members.models import Member
from perennial.reports.labels import choice_words

KIND = "export"
FORMATS = ("xlsx", "csv")
KEPT_FOR = timedelta(hours=24)
CHUNK = 1000

Cell = str | int | float | Decimal | date | None


class RightsChangedError(Exception):
    """The member may no longer export what he asked for."""


class Sheet(Protocol):
    """A file that takes row after row."""

    def write(self, row: Sequence[Cell]) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Column:
    """A column of the file: its heading, and its cell of a row."""

    title: str
    cell: Callable[[PortfolioRow], Cell]
    is_ratio: bool = False


def request(member: Member, listing: Listing, *, format: str, at: datetime) -> int:
    """Ask for a file; return the job's id."""
    return queue.enqueue(KIND, at=at, by=member.pk, payload={"listing": listing.data(), "format": format})


def folder() -> Path:
    """Return where finished files are kept, readable by nobody else on the machine."""
    path = Path(settings.HOME) / "exports"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def file_of(result: Mapping[str, Any] | None, finished_at: datetime | None, *, at: datetime) -> Path | None:
    """Return the file of a finished export, None where it expired or never was."""
    if not result or "file" not in result or finished_at is None or at - finished_at > KEPT_FOR:
        return None
    path = folder() / Path(str(result["file"])).name
    return path if path.is_file() else None


def write(claim: Claim, report: Report, at: datetime) -> Mapping[str, Any]:
    """Write the file that a job asks for; the job's handler. Safe to run twice: another file, the former is swept.

    Answers {"refused": reason} where the member may not, or no longer; rights are looked at again while it runs.
    """
    sweep(at=at)
    member = members.by_id(claim.by) if claim.by is not None else None
    with translation.override(member.language if member else "en"):
        refused = gettext("Your rights changed while the file was written. Ask for it again.")
        if member is None or not access.may(member, "exports.run"):
            return {"refused": refused}
        path = folder() / f"{secrets.token_hex(16)}.{claim.payload['format']}"
        try:
            done = _write(member, claim, path, report, at)
        except ListError as error:
            return {"refused": str(error)}
        except RightsChangedError:
            return {"refused": refused}
        finally:
            path.with_suffix(".part").unlink(missing_ok=True)
    journal.record("customers.exported", by=member.pk, at=at, data={"rows": done, "format": claim.payload["format"]})
    return {"file": path.name, "rows": done, "name": f"customers-{house().today(at).isoformat()}{path.suffix}"}


def _write(member: Member, claim: Claim, path: Path, report: Report, at: datetime) -> int:
    """Write the rows that are there now, each once, in chunks: a cursor held open while progress is written would meet
    SQLite's lock as soon as anybody else writes."""
    place = house()
    listing = lists.read(claim.payload["listing"], visible_fields(member))
    rows = _ordered(lists.rows_of(member, listing, as_of=place.today(at), ability="exports.run"), listing)
    numbers: dict[int, str] = {}
    columns = columns_of(listing, place.currency, numbers, fields=visible_fields(member))
    ids = list(rows.values_list("customer_id", flat=True))
    unfinished, done = path.with_suffix(".part"), 0
    sheet: Sheet = _Workbook(unfinished, columns) if path.suffix == ".xlsx" else _Csv(unfinished)
    try:
        sheet.write([column.title for column in columns])
        for start in range(0, len(ids), CHUNK):
            _look_again(member)
            numbers.clear()
            numbers.update(_numbers(ids[start : start + CHUNK]))
            for row in rows.filter(customer_id__in=ids[start : start + CHUNK]):
                sheet.write([column.cell(row) for column in columns])
                done += 1
            report(done, len(ids), "")
    finally:
        sheet.close()
    os.replace(unfinished, path)
    return done


def _ordered(rows: QuerySet[PortfolioRow], listing: Listing) -> QuerySet[PortfolioRow]:
    column, down = sort_of(listing.sort)
    order = F(column).desc(nulls_last=True) if down else F(column).asc(nulls_last=True)
    needed = [name for name in lists.columns_of(listing.columns) if name != "scores_13w"]
    if "owner" in listing.columns:
        rows, needed = rows.select_related("owner"), [*needed, "owner__name", "owner__email"]
    if "parent" in listing.columns:
        rows, needed = rows.select_related("parent"), [*needed, "parent__name"]
    return rows.only(*needed).order_by(order, "-customer_id" if down else "customer_id")


def _look_again(member: Member) -> None:
    now = members.by_id(member.pk)
    if now is None or not now.is_active or (now.role, now.team_id) != (member.role, member.team_id):
        raise RightsChangedError


def columns_of(
    listing: Listing, currency: str, numbers: Mapping[int, str], *, fields: Mapping[str, Field] = FIELDS
) -> list[Column]:
    """Return the columns of a listing's file, the key first. What one cell shows stands in two: beside the name the
    customer's number (of `numbers`, by customer), beside the owner his mail address, beside the band the score."""
    words = choice_words(currency)
    columns = [Column(gettext("Key"), lambda row: row.key)]
    for key in listing.columns:
        columns.append(_column(FIELDS[key], words.get(key, {}), currency))
        if key == "name":
            columns.append(Column(gettext("Customer number"), lambda row: safe_cell(numbers[row.customer_id])
                                  if row.customer_id in numbers else None))  # fmt: skip
        if key == "owner":
            mail = gettext("CSM's e-mail")
            columns.append(Column(mail, lambda row: safe_cell(row.owner.email) if row.owner else None))
        if key == "band" and "score" in fields and "score" not in listing.columns:
            columns.append(_column(FIELDS["score"], {}, currency))
    return columns


def _numbers(ids: Sequence[int]) -> dict[int, str]:
    """Return what sources call the customers: the number alone where one source names it, else each with its source.
    One query."""
    return {
        customer_id: next(iter(named.values())) if len(named) == 1
        else "; ".join(f"{source}: {number}" for source, number in sorted(named.items()))
        for customer_id, named in customers.external_ids(ids).items()
    }  # fmt: skip


def _column(field: Field, words: Mapping[str, str], currency: str) -> Column:
    title, name = str(field.label), field.column
    match field.unit:
        case Unit.MONEY:
            return Column(f"{title} ({currency})", lambda row: _money(getattr(row, name), row.currency))
        case Unit.RATIO:
            return Column(title, lambda row: getattr(row, name), is_ratio=True)
        case Unit.MEMBER:
            return Column(title, lambda row: safe_cell(row.owner.name) if row.owner else None)
        case Unit.FLAG:
            return Column(title, lambda row: words.get("yes" if getattr(row, name) else "no"))
        case Unit.TAGS:
            return Column(title, lambda row: safe_cell(", ".join(tag for tag in row.tags.split("\n") if tag)) or None)
        case Unit.DAY | Unit.NUMBER | Unit.POINTS | Unit.DAYS:
            return Column(title, lambda row: getattr(row, name))
    if field.key == "parent":
        return Column(title, lambda row: safe_cell(row.parent.name) if row.parent else None)
    return Column(title, lambda row: _text(getattr(row, name), words))


def _text(value: str | None, words: Mapping[str, str]) -> str | None:
    return None if value is None else safe_cell(words.get(value, value))


def _money(minor: int | None, currency: str) -> Decimal | None:
    return None if minor is None else Decimal(money.decimal_string(minor, currency))


def sweep(*, at: datetime) -> int:
    """Delete files whose time is over, and unfinished ones of workers that died; return how many. Safe to run twice."""
    gone = 0
    for path in folder().iterdir():
        if at.timestamp() - path.stat().st_mtime > KEPT_FOR.total_seconds():
            path.unlink(missing_ok=True)
            gone += 1
    return gone


class _Csv:
    """Comma-separated, UTF-8 with the mark that spreadsheets look for."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._rows = csv.writer(self._file)

    def write(self, row: Sequence[Cell]) -> None:
        self._rows.writerow(["" if cell is None else cell for cell in row])

    def close(self) -> None:
        self._file.close()


class _Workbook:
    """A workbook written row by row: no row stays in memory."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 2)
        self._at = 0
        self._bold = self._book.add_format({"bold": True})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        ratio = self._book.add_format({"num_format": "0.0%"})
        self._formats = [ratio if column.is_ratio else None for column in columns]
        self._sheet.set_column(1, 1, 32)
        self._sheet.set_column(2, len(columns), 14)

    def write(self, row: Sequence[Cell]) -> None:
        for place, cell in enumerate(row):
            if isinstance(cell, str):
                self._sheet.write_string(self._at, place, cell, self._bold if self._at == 0 else None)
            elif isinstance(cell, date):
                self._sheet.write_datetime(self._at, place, cell, self._day)
            elif cell is not None:
                self._sheet.write_number(self._at, place, cell, self._formats[place])
        self._at += 1

    def close(self) -> None:
        self._book.close()
