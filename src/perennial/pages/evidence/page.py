"""What the scorecard foretold of past decisions: the verdict in words, figures with intervals, cases to learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from perennial.blueprint import queries as blueprint
from perennial.blueprint.terms import BlueprintError
from perennial.evidence import queries
from perennial.evidence.calculations.proposals import NOTHING
from perennial.evidence.calculations.verdict import Verdict
from perennial.evidence.terms import BACKTEST, LEADS, MAIN_LEAD, Told
from perennial.kernel.queue import actions as queue
from perennial.members import access
from perennial.members.models import Member
from perennial.pages.evidence import shadow
from perennial.pages.files import TYPES, download
from perennial.pages.tags import UNKNOWN, number, percent
from perennial.reports import evidence, sheets
from perennial.reports.evidence import Named

RUNS = "settings.manage"
SHOWN = 16
"""So many signs of a data version are shown; all of it stands in its title, the file and the API."""


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show the last backtest."""
    member = cast(Member, access.member_of(request))
    found = evidence.record(member, at=timezone.now())
    told = found.told
    may = {"run": access.may(member, RUNS), "export": access.may(member, "exports.run") and told is not None}
    context: dict[str, Any] = {"found": found, "told": told, "may": may, "lead": MAIN_LEAD,
                               "shadow": shadow.told(found.shadow)}  # fmt: skip
    if told is not None:
        main = told.leads[MAIN_LEAD]
        context |= {
            "main": main, "words": _words(told), "tone": _tone(told), "leads": [f"T−{lead}" for lead in LEADS],
            "figures": _figures(told), "bins": [_bin(one) for one in main.get("bins", ())], "dots": _dots(main),
            "weights": _weights(told, found.labels), "is_rebuilt": main["days_rebuilt"] > 0,
            "besides": _besides(told), "vetoes": _vetoes(told, found.labels), "trials": _trials(told),
            "may_shadow": may["run"] and found.is_current and told.proposal is not None and not told.proposal["keeps"]
            and (found.shadow is None or found.shadow.decided_at is not None),
            "few": told.verdict is Verdict.TOO_FEW, "data": told.data_version[:SHOWN],
        }  # fmt: skip
    return render(request, "evidence/page.html", context)


def _words(told: Told) -> tuple[str, str]:
    """Return the verdict as a headline, and what it rests on as a sentence."""
    main = told.leads[MAIN_LEAD]
    head = {
        Verdict.TOO_FEW: _("Too few losses to judge: the list alone"),
        Verdict.NO_EVIDENCE: _("No evidence that these measures predict churn"),
        Verdict.LEAKING: _("Too good to be true: a measure probably knows the outcome"),
        Verdict.PREDICTS: _("The score foretells who leaves"),
    }[told.verdict]
    hits, count, share = main["bands"]["green"]
    if not count or share is None:
        return head, _("Nobody was green %(lead)s days before a decision.") % {"lead": MAIN_LEAD}
    return head, _("Of %(count)s decisions of customers that were green %(lead)s days before, %(hits)s were lost: "
                   "%(share)s (%(low)s to %(high)s).") % {
        "count": number(count), "lead": MAIN_LEAD, "hits": number(hits), "share": percent(share[0]),
        "low": percent(share[1]), "high": percent(share[2]),
    }  # fmt: skip


def _tone(told: Told) -> str:
    return {Verdict.PREDICTS: "", Verdict.LEAKING: "bad"}.get(told.verdict, "watch")


def _figures(told: Told) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return rows of figures, each with what it says and a cell (value, interval) for each lead."""
    kinds = (
        ("count", _("Decisions"), _("Terms that ended; where none does, months"), _whole),
        ("events", _("Losses"), _("Nothing was paid after it and its grace"), _whole),
        ("base_rate", _("Share lost"), _("What is known of everybody without a score"), _share),
        ("auc", _("AUC"), _("Of two customers, one lost: how often it had the lower score. .5 is chance"), _plain),
        ("chance", _("AUC by chance"), _("95 of 100 times that losses are dealt out anew"), _band),
        ("bands", _("Red that stayed"), _("False alarms: share of the red that were not lost"), _false_reds),
        ("average_precision", _("Average precision"), _("To be held against the share lost"), _ratio),
        ("lift", _("Lift of the worst tenth"), _("Their share lost ÷ everybody's"), _plain),
        ("brier_skill", _("Brier skill"), _("0 or less: no better than the share lost, told of everybody"), _ratio),
        ("slope", _("Calibration slope"), _("1 is right; below, probabilities are too extreme"), _plain),
        ("observed_to_expected", _("Observed ÷ expected"), _("Of probabilities learned before each quarter"), _plain),
    )  # fmt: skip
    return [(label, said, [cell(told.leads[lead].get(key)) for lead in LEADS]) for key, label, said, cell in kinds]


def _besides(told: Told) -> list[tuple[str, str]]:
    """Return what is said beside the leads: what it is, and a sentence."""
    found = []
    lost, warned, median = told.besides.get("lead_time", (0, 0, None))
    if lost and median is None:
        found.append((_("Lead time"), _("None of the %(lost)s losses was red within %(days)s days before.") % {
            "lost": number(lost), "days": max(LEADS)}))  # fmt: skip
    elif lost:
        found.append((_("Lead time"), _("Of %(lost)s losses %(warned)s were red within %(days)s days before, in the "
                                        "median for the first time %(median)s days before.") % {
            "lost": number(lost), "warned": number(warned), "days": max(LEADS), "median": number(median)}))  # fmt: skip
    on_the_day, before = told.besides.get("canary", (None, None))
    if on_the_day is not None and before is not None:
        found.append((_("Canary"), _("AUC %(then)s on the very day, %(before)s %(lead)s days before: what lies between "
                                     "was learned of the end itself, and is no forecast.") % {
            "then": number(on_the_day, 2), "before": number(before, 2), "lead": MAIN_LEAD}))  # fmt: skip
    return found


def _vetoes(told: Told, labels: Mapping[str, str]) -> list[tuple[str, str, str, str, str, str]]:
    """Return each veto as a rule: its name, met, of these lost, their share, its interval, losses missed."""
    return [
        (labels.get(key, key), number(met), number(right), *_share(share), number(missed))
        for key, (met, right, share, missed) in told.besides.get("vetoes", {}).items()
    ]


def _trials(told: Told) -> list[tuple[str, str, str, str, bool]]:
    """Return who challenged whom: names, gain with its standard error, and whether it was better."""
    if told.proposal is None:
        return []
    names = {"ridge": _("Ridge regression, any sign"), "trees": _("Boosted trees")}
    gain, error, is_better = told.proposal["over_hand"]
    trials = [(_("Learned weights"), _("Weights by hand"), gain, error, is_better)]
    trials += [(names.get(key, key), _("Learned weights"), *rest) for key, *rest in told.proposal["challengers"]]
    return [
        (who, whom, number(gain, 4), number(2 * error, 4), is_better) for who, whom, gain, error, is_better in trials
    ]


def _false_reds(bands: Any) -> tuple[str, str]:
    _hits, _count, share = bands["red"]
    return _share(None if share is None else (1 - share[0], 1 - share[2], 1 - share[1]))


def _whole(value: Any) -> tuple[str, str]:
    return number(value), ""


def _ratio(value: Any) -> tuple[str, str]:
    return (UNKNOWN if value is None else number(value, 3)), ""


def _plain(value: Any) -> tuple[str, str]:
    return (UNKNOWN, "") if value is None else (number(value[0], 2), f"{number(value[1], 2)} – {number(value[2], 2)}")


def _share(value: Any) -> tuple[str, str]:
    return (
        (UNKNOWN, "") if value is None else (percent(value[0], 1), f"{percent(value[1], 1)} – {percent(value[2], 1)}")
    )


def _band(value: Any) -> tuple[str, str]:
    return (UNKNOWN if value is None else f"{number(value[0], 2)} – {number(value[1], 2)}"), ""


def _bin(one: Sequence[float]) -> dict[str, str]:
    count, told, lost, share, low, high = one
    return {"count": number(int(count)), "told": percent(told, 1), "lost": number(int(lost)),
            "share": percent(share, 1), "interval": f"{percent(low, 1)} – {percent(high, 1)}"}  # fmt: skip


def _dots(main: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the points of the reliability plot on a square of 100: told from the left, happened from the foot."""
    return [
        {"x": f"{100 * told:.1f}", "y": f"{100 - 100 * share:.1f}", "low": f"{100 - 100 * low:.1f}",
         "high": f"{100 - 100 * high:.1f}"}
        for _count, told, _lost, share, low, high in main.get("bins", ())
    ]  # fmt: skip


def _weights(told: Told, labels: Mapping[str, str]) -> dict[str, Any] | None:
    if told.proposal is None:
        return None
    rows = [
        (labels.get(key, key), percent(hand, 1), percent(asked, 1), f"{percent(low, 1)} – {percent(high, 1)}",
         not low - NOTHING <= hand <= high + NOTHING)
        for key, hand, asked, low, high in told.proposal["weights"]
    ]  # fmt: skip
    return {"keeps": told.proposal["keeps"], "rows": rows}


@require_POST
def run(request: HttpRequest) -> HttpResponse:
    """Have the scorecard in force, or a draft (`text`) that can be read, backtested in the background."""
    text = request.POST.get("text", "").replace("\r\n", "\n")
    if text:
        try:
            blueprint.check("scorecard", text)
        except BlueprintError as error:
            messages.error(request, str(error))
            return redirect("settings_blueprint_part", part="scorecard")
    queue.enqueue_once(BACKTEST, at=timezone.now(), payload={"text": text} if text else None)
    return redirect("evidence")


@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """Stop the backtest that runs; nothing of it is kept."""
    running = queries.running()
    if running is not None:
        queue.request_cancel(job_id=running.pk, at=timezone.now())
    return redirect("evidence")


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Answer the cases that the member sees as rows of a file."""
    member, format = cast(Member, access.member_of(request)), request.POST.get("format", sheets.CSV)
    found = evidence.record(member, at=timezone.now())
    if format not in TYPES or found.told is None:
        raise Http404
    headings = [_("Customer"), _("Decision"), _("Outcome"), _("Score"), _("Band"), _("Probability of loss")]
    rows = [_line(one) for one in (*found.lost, *found.false_reds)]
    sheet = sheets.Sheet(
        headings, rows, [(_("As of"), found.told.on.isoformat()), (_("Data"), found.told.data_version)]
    )
    return download(sheet, format=format, name="evidence", kind="evidence.exported", member=member,
                    asked={"backtest": found.told.id})  # fmt: skip


def _line(one: Named) -> list[sheets.Cell]:
    case = one.case
    p = None if case.p is None else round(Decimal(case.p), 4)
    return [one.name, case.on, _("Lost") if case.is_lost else _("Kept"), Decimal(str(case.score)), case.band, p]
