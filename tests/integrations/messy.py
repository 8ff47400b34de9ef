"""Three sets as companies really send them: a Chinese CRM list, an English workbook of contracts, a log of events."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl

_ROWS = """
000123 华东精密机械有限公司 制造业 江苏省 李婷 HT-2024-001 12.5 2024.3.1 2025.2.28 40 年付
001456 北方新能源集团 新能源 北京市 王强 HT-2024-002 86 2024.1.15 2026.1.14 300 年付
1789 南海物流股份有限公司 物流 广东省 李婷 HT-2024-003 7.2 2024.6.1 2025.5.31 25 季付
002011 西部数据服务中心 软件 四川省 - HT-2024-004 3.6 2024.9.10 2025.9.9 12 月付
002302 江南食品有限公司 食品 浙江省 王强 HT-2024-005 18 2023.12.1 2024.11.30 60 年付
002977 华中医疗器械有限公司 医疗 湖北省 李婷 HT-2024-006 面议 2024.4.1 2025.3.31 30 年付
"""
_COLUMNS = "客户编码 客户名称 所属行业 省份 负责人 合同编号 合同金额（万元） 起始日 到期日 席位 付款方式"


def chinese_list(folder: Path) -> Path:
    """Write a CRM's export in GB18030: a title, 万元 in the header, dotted days, one id without its zeros, 合计."""
    lines = ["客户合同台账（2024年）" + "," * 10, "," * 10, ",".join(_COLUMNS.split())]
    lines += [",".join(row.split()) for row in _ROWS.split("\n") if row]
    lines += ["合计,,,,,,127.3,,,467,", "制表人：张三,,,日期：2024-12-31,,,,,,"]
    path = folder / "客户合同台账_20241231.csv"
    path.write_bytes("\r\n".join(lines).encode("gb18030"))
    return path


def english_workbook(folder: Path) -> Path:
    """Write a workbook: a sheet a quarter, a header of two merged rows, D/M/Y as text and true days, a price a month, a
    sheet of notes and a hidden one."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    rows = [
        [["C-1001", "Acme Logistics", "S-1", "05/02/2024", "04/02/2025", 21.5, 40],
         ["C-1002", "Beta Retail", "S-2", "01/03/2024", "28/02/2025", 18, 120]],
        [["C-1003", "Gamma Energy", "S-3", "15/04/2024", "14/04/2025", 30, 12],
         ["C-1001", "Acme Logistics", "S-4", date(2024, 6, 1), date(2024, 11, 30), 21.5, 10],
         ["C-1004", "Delta Foods", "S-5", "01/07/2024", "TBD", 25, 8]],
    ]  # fmt: skip
    for name, body in zip(("2024 Q1", "2024 Q2"), rows, strict=True):
        sheet = book.create_sheet(name)
        sheet.append(["Customer", None, "Subscription", None, None, "Price", None])
        sheet.append(["Customer No", "Account", "Subscription No", "Begin", "End", "Monthly price", "Seats"])
        for merged in ("A1:B1", "C1:E1", "F1:G1"):
            sheet.merge_cells(merged)
        for row in body:
            sheet.append(row)
        sheet.append(["Total", None, None, None, None, None, sum(row[6] for row in body)])
    notes = book.create_sheet("Notes")
    notes.append(["Prepared by", "Dana"])
    notes.append(["Rates", "per seat and month"])
    old = book.create_sheet("Old prices")
    old.append(["Customer No", "Price"])
    old.append(["C-1001", 19])
    old.sheet_state = "hidden"
    path = folder / "Contracts export [final].xlsx"
    book.save(path)
    return path


def event_log(folder: Path) -> Path:
    """Write a product's log, one JSON object a line, with a line that is cut off and a customer that nobody knows."""
    start = datetime(2024, 11, 4, 8, 30)  # noqa: DTZ001 - a log in local time
    lines = []
    for number in range(60):
        customer = ("C-1001", "C-1002", "C-1003", "C-9999")[number % 20 % 4 if number % 20 else 3]
        at = start + timedelta(hours=7 * number)
        event = {"ts": at.isoformat(), "account": {"id": customer}, "user": {"id": f"u{number % 7}"},
                 "event": ("login", "report_opened", "export")[number % 3]}  # fmt: skip
        lines.append(json.dumps(event))
    lines.append('{"ts": "2024-11-20T08:00')
    path = folder / f"events-{date(2024, 11, 20):%Y-%m-%d}.ndjson"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
