"""What is proposed from names and values, in three languages, and what is asked instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.integrations.messy import chinese_list, english_workbook, event_log

from perennial.integrations.imports import proposal
from perennial.integrations.imports.detection.detect import detect
from perennial.integrations.imports.kinds import KindKey
from perennial.integrations.imports.mapping import AmountPer, Covers, EndIs, TableMap
from perennial.integrations.imports.money_words import amounts_said
from perennial.integrations.imports.names import words_of
from perennial.integrations.imports.reading.sources import read_sources, with_sample
from perennial.integrations.imports.synonyms import vocabulary

SHANGHAI = ZoneInfo("Asia/Shanghai")
Columns = dict[str, list[str]]
Propose = Callable[..., list[TableMap]]


@pytest.fixture
def proposed(tmp_path: Path) -> Propose:
    """Return a proposer for one table of columns and their cells, or for a file that is there."""

    def propose(columns: Columns | Path, name: str = "data.csv") -> list[TableMap]:
        path = tmp_path / name
        if isinstance(columns, Path):
            path = columns
        else:
            rows = [list(columns), *(list(row) for row in zip(*columns.values(), strict=True))]
            path.write_text("\n".join(",".join(f'"{cell}"' for cell in row) for row in rows), encoding="utf-8")
        reading = read_sources([path], tmp_path / f"out-{path.stem}")
        tables = [(with_sample(source), detect(source, SHANGHAI)) for source in reading.sources]
        return list(proposal.propose(tables, source="x").tables)

    return propose


def fields(table: TableMap) -> dict[str, str | None]:
    """Return column → field of what is mapped from a column."""
    return {use.column or "": key for key, use in table.columns.items() if use.column is not None}


IDS, NAMES, DAYS = ["C-1", "C-2"], ["Acme Ltd", "Beta Ltd"], ["2024-03-01", "2024-04-01"]
SUMS, WORDS = ["120.50", "99"], ["a b", "c d"]

CUSTOMERS = {
    "en": {
        "Customer No": "external_id",
        "Account": "name",
        "Sector": "industry",
        "Owner": "owner_email",
        "Customer since": "signed_up_on",
        "Territory": "region",
        "Account Type": "segment",
        "Tags": "tags",
    },
    "camel": {
        "accountId": "external_id",
        "accountName": "name",
        "accountOwner": "owner_email",
        "createdAt": "signed_up_on",
    },
    "zh-hans": {
        "客户编号": "external_id",
        "客户名称": "name",
        "行业": "industry",
        "负责人": "owner_email",
        "建档时间": "signed_up_on",
        "所在省份": "region",
        "统一社会信用代码": "credit_code",
        "渠道商": "reseller",
        "客户标签": "tags",
    },
    "zh-hant": {
        "客戶編號": "external_id",
        "客戶名稱": "name",
        "產業": "industry",
        "客戶負責人": "owner_email",
        "縣市": "region",
        "國家": "country",
        "建檔日期": "signed_up_on",
    },
}
CONTRACTS = {
    "en": {
        "Customer No": "customer",
        "Contract": "contract",
        "Plan": "product",
        "Seats": "quantity",
        "Monthly price": "amount",
        "Begin": "starts_on",
        "Renewal date": "ends_on",
        "Auto-renewal": "auto_renews",
    },
    "english, told twice": {
        "Client ID": "customer",
        "Contract Number": "contract",
        "Contract start date": "starts_on",
        "Contract end date": "ends_on",
        "Contract value": "amount",
        "Signed": "signed_on",
    },
    "two rows": {
        "Customer / Acct #": "customer",
        "Term / Start": "starts_on",
        "Term / Expires on": "ends_on",
        "Price / ARR": "amount",
    },
    "zh-hans": {
        "客户编码": "customer",
        "合同编号": "contract",
        "产品名称": "product",
        "席位数": "quantity",
        "月单价": "amount",
        "起始日": "starts_on",
        "到期日": "ends_on",
        "签订日期": "signed_on",
        "税率": "tax_rate",
        "是否自动续约": "auto_renews",
    },
    "zh-hant": {
        "客戶編號": "customer",
        "合約編號": "contract",
        "方案": "product",
        "數量": "quantity",
        "合約金額": "amount",
        "開始日期": "starts_on",
        "結束日期": "ends_on",
        "自動續約": "auto_renews",
    },
}
OTHERS = {
    KindKey.CONTACTS: {
        "Company ID": "customer",
        "Full name": "name",
        "Job title": "title",
        "E-mail": "email",
        "Mobile": "phone",
    },
    KindKey.TICKETS: {
        "Ticket #": "external_id",
        "Account ID": "customer",
        "Subject": "subject",
        "Severity": "priority",
        "Created": "opened_at",
        "Resolved": "closed_at",
    },
    KindKey.SURVEYS: {"Customer ID": "customer", "NPS": "score", "Feedback": "comment", "Responded at": "answered_at"},
    KindKey.TOUCHPOINTS: {
        "客户编号": "customer",
        "跟进时间": "happened_at",
        "跟进方式": "channel",
        "跟进内容": "summary",
        "跟进人": "member_email",
        "下一步计划": "next_step",
    },
    KindKey.RECEIVABLES: {
        "发票号码": "external_id",
        "客户编号": "customer",
        "应收金额": "amount",
        "应收日期": "due_on",
        "回款日期": "received_on",
        "回款金额": "received_amount",
    },
    KindKey.CANCELLATIONS: {"Account ID": "customer", "Churn date": "cancelled_on", "Churn reason": "reason"},
    KindKey.USAGE: {"Tenant ID": "customer", "User": "user", "Event name": "event", "Timestamp": "at"},
}
CELLS = {
    "Created": DAYS,
    "Resolved": DAYS,
    "NPS": ["9", "7"],
    "跟进方式": ["拜访", "电话"],
    "Account": NAMES,
    "Full name": NAMES,
    "客户名称": NAMES,
    "客戶名稱": NAMES,
    "accountName": NAMES,
    "税率": ["6%", "13%"],
    "Seats": ["10", "20"],
    "席位数": ["10", "20"],
    "數量": ["1", "2"],
    "Auto-renewal": ["Yes", "No"],
    "是否自动续约": ["是", "否"],
    "自動續約": ["是", "否"],
}


def cells(column: str, field: str) -> list[str]:
    if column in CELLS:
        return CELLS[column]
    if field.endswith(("_on", "_at")) or field == "at":
        return DAYS
    if field in {"external_id", "customer", "contract"}:
        return [f"{field[0].upper()}-1001", f"{field[0].upper()}-1002"]
    return SUMS if field in {"amount", "received_amount"} else WORDS


@pytest.mark.parametrize("language", CUSTOMERS)
def test_customers_are_known_by_the_names_of_their_columns(language: str, proposed: Propose) -> None:
    expected = CUSTOMERS[language]
    (table,) = proposed({column: cells(column, field) for column, field in expected.items()})
    assert (table.kind, fields(table), table.keep) == (KindKey.CUSTOMERS, expected, ())


@pytest.mark.parametrize("language", CONTRACTS)
def test_contracts_are_known_by_the_names_of_their_columns(language: str, proposed: Propose) -> None:
    expected = CONTRACTS[language]
    (table,) = proposed({column: cells(column, field) for column, field in expected.items()})
    assert (table.kind, fields(table)) == (KindKey.CONTRACTS, expected)


@pytest.mark.parametrize("kind", OTHERS)
def test_every_other_kind_is_known_by_the_names_of_its_columns(kind: KindKey, proposed: Propose) -> None:
    expected = OTHERS[kind]
    (table,) = proposed({column: cells(column, field) for column, field in expected.items()})
    assert (table.kind, fields(table)) == (kind, expected)


def test_an_ambiguous_name_is_what_its_values_are(proposed: Propose) -> None:
    (table,) = proposed({"Account": ["100231", "100232"], "Industry": WORDS, "Name": NAMES})
    assert fields(table) == {"Account": "external_id", "Industry": "industry", "Name": "name"}


@pytest.mark.parametrize(("on", "base", "rate"), [("on", "Currency", "Rate"), ("日期", "币种", "汇率")])
def test_a_file_of_rates_is_known_though_yaml_takes_on_for_yes(
    proposed: Propose, on: str, base: str, rate: str
) -> None:
    (table,) = proposed({on: DAYS, base: ["USD", "EUR"], rate: ["7.1596", "7.8210"]})
    assert (table.kind, fields(table)) == ("rates", {on: "on", base: "base", rate: "rate"})


def test_each_word_stands_for_one_field_of_a_kind() -> None:
    for kind, words in vocabulary().items():
        seen: dict[frozenset[str], str] = {}
        for field, spelt in words.fields.items():
            for word in spelt:
                told = seen.setdefault(words_of(word.text), field)
                assert told == field or word.is_ambiguous or {told, field} <= {"name", "legal_name"}, (kind, word.text)


def test_what_cells_write_for_our_words_is_translated_and_unknown_words_map_no_field(proposed: Propose) -> None:
    base: Columns = {"客户编号": IDS, "合同金额": SUMS, "起始日": DAYS}
    (table,) = proposed({**base, "付款方式": ["年付", "季付"], "合同类型": ["新签", "续签"]})
    assert table.columns["billing_months"].values == {"年付": "12", "季付": "3"}
    assert "contract_kind" not in table.columns


def test_a_discount_is_never_proposed(proposed: Propose) -> None:
    (table,) = proposed({"account_id": IDS, "mrr": SUMS, "start": DAYS, "discount": ["10%", "20%"], "折扣": WORDS})
    assert "discount_percent" not in table.columns


@pytest.mark.parametrize(
    ("name", "months", "covers", "per"),
    [
        ("Monthly price", 1, None, None),
        ("Price per month (USD)", 1, None, None),
        ("mrr_amount", 1, None, AmountPer.ALL),
        ("Monthly price per seat", 1, None, AmountPer.UNIT),
        ("ARR", 12, None, AmountPer.ALL),
        ("Annual contract value", 12, None, AmountPer.ALL),
        ("Contract value", None, Covers.TERM, AmountPer.ALL),
        ("Amount", None, None, AmountPer.ALL),
        ("Price", None, None, None),
        ("Unit price", None, None, AmountPer.UNIT),
        ("月单价", 1, None, AmountPer.UNIT),
        ("年费（元）", 12, None, AmountPer.ALL),
        ("季度金额", 3, None, AmountPer.ALL),
        ("合同金额（万元）", None, Covers.TERM, AmountPer.ALL),
        ("合同 / 金额", None, None, AmountPer.ALL),
        ("三年合同总价", None, Covers.TERM, AmountPer.ALL),
        ("2024年 / 合同金额", None, Covers.TERM, AmountPer.ALL),
        ("單價", None, None, AmountPer.UNIT),
    ],
)
def test_the_name_of_an_amount_says_what_it_is_for(
    name: str, months: int | None, covers: Covers | None, per: AmountPer | None
) -> None:
    said = amounts_said(name, has_quantity=True)
    assert (said.months, said.covers, said.per) == (months, covers, per)
    assert amounts_said(name, has_quantity=False).per is AmountPer.ALL


@pytest.mark.parametrize(
    ("name", "ends", "meaning"),
    [
        ("End", ["2025-02-28", "2025-03-31"], EndIs.LAST_DAY),
        ("End", ["2025-03-01", "2025-04-01"], EndIs.DAY_AFTER),
        ("Renewal date", ["2024-11-17", "2024-12-03"], EndIs.DAY_AFTER),
        ("Valid until", ["2024-11-17", "2024-12-03"], EndIs.LAST_DAY),
        ("End", ["2024-11-17", "2024-12-03"], None),
        ("End", ["2025-02-28", "2025-04-01"], None),
    ],
)
def test_the_rows_tell_what_the_end_means_or_it_is_left_to_be_asked(
    name: str, ends: list[str], meaning: EndIs | None, proposed: Propose
) -> None:
    (table,) = proposed({"account_id": IDS, "mrr": SUMS, "start": DAYS, name: ends})
    assert table.end_is is meaning


def test_rows_without_ids_are_told_apart_by_what_stays_when_a_row_is_corrected(proposed: Propose) -> None:
    columns: Columns = {"account_id": ["C1", "C1"], "plan": ["Pro", "Pro"], "mrr": SUMS, "start": DAYS}
    assert proposed(columns)[0].id_from == ("account_id", "plan", "start")
    assert proposed({**columns, "contract no": ["H1", "H2"]}, "b.csv")[0].id_from == ("contract no",)


def test_that_no_key_is_invented_where_rows_are_alike(proposed: Propose) -> None:
    (table,) = proposed({"account_id": ["C1", "C1"], "mrr": SUMS, "start": ["2024-03-01", "2024-03-01"]})
    assert table.id_from == ()


def test_a_mixture_of_dates_is_asked_and_not_kept_as_text(proposed: Propose, tmp_path: Path) -> None:
    days = ["2024-03-01", "31/12/2024", "TBD", "2024-05-01", "30/11/2024"]
    (table,) = proposed({"id": [f"C{n}" for n in range(5)], "name": list("abcde"), "Created": days})
    assert (table.columns["signed_up_on"].column, table.columns["signed_up_on"].format) == ("Created", None)
    assert table.keep == ()


def test_a_name_whose_values_do_not_fit_is_told_as_a_near_miss(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name,Created\nC1,Acme,last year\nC2,Beta,long ago\n", encoding="utf-8")
    (source,) = read_sources([tmp_path / "a.csv"], tmp_path / "out").sources
    near = proposal.near_misses(with_sample(source), detect(source, SHANGHAI), KindKey.CUSTOMERS)
    assert {column: field.key for column, field in near.items()} == {"Created": "signed_up_on"}


def test_a_chinese_list_gives_customers_and_their_contracts(proposed: Propose, tmp_path: Path) -> None:
    customers, contracts = proposed(chinese_list(tmp_path))
    assert customers.kind is KindKey.CUSTOMERS and customers.keep == ()
    assert {"external_id", "name", "owner_email", "industry", "region"} == set(customers.columns)
    assert (contracts.kind, contracts.id_from) == (KindKey.CONTRACTS, ("合同编号",))
    assert (contracts.end_is, contracts.amount_covers) == (EndIs.LAST_DAY, Covers.TERM)
    amount = contracts.columns["amount"].format
    assert amount is not None and amount.factor == 10_000


def test_a_workbook_of_quarters_leaves_the_notes_out(proposed: Propose, tmp_path: Path) -> None:
    customers, contracts = proposed(english_workbook(tmp_path))
    assert (customers.kind, contracts.kind) == (KindKey.CUSTOMERS, KindKey.CONTRACTS)
    assert fields(contracts)["Subscription / Begin"] == "starts_on"
    assert contracts.columns["amount_months"].constant == "1"


def test_a_log_of_events_is_usage(proposed: Propose, tmp_path: Path) -> None:
    (table,) = proposed(event_log(tmp_path))
    assert fields(table) == {"account.id": "customer", "user.id": "user", "event": "event", "ts": "at"}
