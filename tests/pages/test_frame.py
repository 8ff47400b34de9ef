from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import Context, Template
from django.test import Client
from django.urls import ResolverMatch, path
from django.utils import translation

from perennial.customers.models import SavedView
from perennial.kernel.organisation import actions as organisation_actions
from perennial.members.models import Member
from perennial.pages.frame import Frame


def page(request: HttpRequest, key: str = "") -> HttpResponse:
    return render(request, "base.html")


NAMES = (
    "today", "customers", "revenue", "renewals", "evidence", "receivables", "usage", "weekly", "imports", "settings",
    "palette", "account_logout",
)  # fmt: skip
urlpatterns = [path(name, page, name=name) for name in NAMES] + [path("customers/<key>", page, name="customer")]
pytestmark = pytest.mark.urls(__name__)


def frame_of(member_id: int, *, at: str = "today", query: str = "") -> Frame:
    request = HttpRequest()
    request.user = Member.objects.get(id=member_id)
    request.resolver_match = ResolverMatch(page, (), {}, url_name=at)
    request.GET = request.GET.copy()
    request.GET.update(dict(pair.split("=") for pair in query.split("&") if pair))
    return Frame(request)


def labels(frame: Frame) -> list[str]:
    with translation.override("en"):
        return [entry.label for entry in frame.nav]


def test_the_sidebar_shows_only_what_the_role_may_open(member: Callable[..., int]) -> None:
    assert labels(frame_of(member("admin"))) == [
        "Today", "Customers", "Revenue", "Renewals", "Evidence", "Receivables", "Usage", "Weekly meeting", "Import",
        "Settings",
    ]  # fmt: skip
    assert labels(frame_of(member("csm"))) == [
        "Today",
        "Customers",
        "Revenue",
        "Renewals",
        "Evidence",
        "Receivables",
        "Usage",
        "Weekly meeting",
        "Settings",
    ]
    assert labels(frame_of(member("reader"))) == ["Today", "Customers", "Usage", "Settings"]


def test_a_customer_file_counts_as_customers(member: Callable[..., int]) -> None:
    frame = frame_of(member("csm"), at="customer")
    with translation.override("en"):
        assert [entry.label for entry in frame.nav if entry.is_current] == [frame.here] == ["Customers"]


def test_saved_views_are_the_own_and_the_shared_ones(member: Callable[..., int], now: datetime) -> None:
    me, other = member("csm"), member("csm")
    mine = SavedView.objects.create(member_id=me, name="Mine", created_at=now)
    SavedView.objects.create(member_id=other, name="Private", created_at=now)
    shared = SavedView.objects.create(member_id=other, name="Shared", shared=True, created_at=now)

    views = frame_of(me, at="customers", query=f"view={shared.pk}").views

    assert [(view.label, view.url, view.is_current) for view in views] == [
        ("Mine", f"/customers?view={mine.pk}", False),
        ("Shared", f"/customers?view={shared.pk}", True),
    ]


def test_the_as_of_day_stands_in_the_frame(member: Callable[..., int]) -> None:
    me = member("csm")
    organisation_actions.move_as_of(on=date(2024, 12, 31), by=None, at=datetime(2026, 1, 1, tzinfo=UTC))
    assert frame_of(me).as_of == date(2024, 12, 31)


@pytest.mark.parametrize("views", [0, 40])
def test_a_whole_page_costs_five_queries_and_a_partial_none(
    member: Callable[..., int], django_assert_num_queries: Any, now: datetime, views: int
) -> None:
    me = member("admin")
    for index in range(views):
        SavedView.objects.create(member_id=me, name=f"View {index}", created_at=now)
    frame = frame_of(me)
    with django_assert_num_queries(5):
        whole = Template('{% extends "base.html" %}').render(Context({"frame": frame}))
    assert whole.count("?view=") == views
    with django_assert_num_queries(0):
        Template("<p>{{ frame.theme }}</p>").render(Context({"frame": Frame(frame.request)}))


def test_a_page_wears_the_language_and_theme_of_its_member(member: Callable[..., int], client: Client) -> None:
    me = Member.objects.get(id=member("csm"))
    me.theme, me.language = "dark", "zh-hant"
    me.save()
    client.force_login(me)
    written = client.get("/today").content.decode()
    assert '<html lang="zh-Hant" data-theme="dark" class="dark">' in written
    assert 'aria-current="page"' in written


def test_no_page_carries_a_script_or_style_inside_itself(member: Callable[..., int], client: Client) -> None:
    client.force_login(Member.objects.get(id=member("admin")))
    written = client.get("/today").content.decode()
    assert "style=" not in written and "<style" not in written and " onclick" not in written
    assert written.count("<script") == written.count("<script src=")
