"""A small table as a file that the browser downloads, with its entry in the journal: who took which figures out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from perennial.kernel.journal import actions as journal
from perennial.members.models import Member
from perennial.reports import sheets
from perennial.reports.sheets import Sheet

TYPES = {
    sheets.CSV: "text/csv; charset=utf-8",
    sheets.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def download(
    sheet: Sheet, *, format: str, name: str, kind: str, member: Member, asked: Mapping[str, Any]
) -> HttpResponse:
    """Answer a sheet as a file, and record who took it out: `kind` is the journal's, `asked` what the file shows."""
    data = {**asked, "rows": len(sheet.rows), "format": format}
    journal.record(kind, by=member.pk, at=timezone.now(), data=data)
    return HttpResponse(
        sheets.written(sheet, format),
        content_type=TYPES[format],
        headers={"Content-Disposition": f'attachment; filename="{name}.{format}"'},
    )
