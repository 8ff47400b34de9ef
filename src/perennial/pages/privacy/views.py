"""Search for somebody, see what is held, export it, erase it; the certificates of erasures."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from perennial.kernel.queue import queries as queue
from perennial.pages.privacy.words import lines
from perennial.pages.settings import tabs
from perennial.privacy import actions, exporting, queries, whom
from perennial.privacy.terms import Subject, Whom

TAB = "settings_privacy"
MOST_TYPED = 200


class EraseForm(forms.Form):
    """Why, whether they are kept out, and the name typed once more."""

    reason = forms.CharField(label=_("Reason"), max_length=actions.MOST_REASON,
                             help_text=_("Shown on the certificate. Do not name the person here."))  # fmt: skip
    keep_out = forms.BooleanField(label=_("Keep out: refuse what comes with the same ids or addresses"), required=False)
    typed = forms.CharField(label=_("Type the name to confirm"), max_length=400)

    def __init__(self, *given: Any, whom: Whom, **named: Any) -> None:
        super().__init__(*given, **named)
        self.whom = whom
        self.fields["keep_out"].initial = whom.subject is Subject.CUSTOMER
        self.fields["typed"].help_text = gettext("Exactly: %(name)s") % {"name": whom.label}
        self.fields["typed"].widget.attrs["autocomplete"] = "off"

    def clean_typed(self) -> str:
        typed = str(self.cleaned_data["typed"]).strip()
        if typed != self.whom.label:
            raise forms.ValidationError(_("This is not the name. Nothing was erased."))
        return typed


@never_cache
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """Search people and customers; list what was erased."""
    member, text = tabs.member_of(request), request.GET.get("q", "").strip()[:MOST_TYPED]
    context = {"q": text, "found": whom.search(member, text) if text else [],
               "rows": queries.certificates(member)}  # fmt: skip
    return tabs.shown(request, "privacy/list", context, tab=TAB)


@never_cache
@require_http_methods(["GET", "POST"])
def person(request: HttpRequest, key: str) -> HttpResponse:
    """One person: what is held, export, erasure."""
    return _one(request, whom.person(tabs.member_of(request), key))


@never_cache
@require_http_methods(["GET", "POST"])
def customer(request: HttpRequest, key: str) -> HttpResponse:
    """One customer: what is held, export, erasure."""
    return _one(request, whom.customer(tabs.member_of(request), key))


def _one(request: HttpRequest, found: Whom | None) -> HttpResponse:
    if found is None:
        raise Http404
    asked = request.POST.get("do")
    if asked == "export":
        job_id = exporting.request(tabs.member_of(request), found, at=timezone.now())
        return redirect("settings_privacy_export", job_id)
    form = EraseForm(request.POST if asked == "erase" else None, whom=found)
    if form.is_valid():
        given = form.cleaned_data
        key = actions.erase(whom=found, reason=given["reason"], is_kept_out=given["keep_out"],
                            by=tabs.member_of(request).pk, at=timezone.now())  # fmt: skip
        messages.success(request, gettext("Erased. The files are rewritten in the background."))
        return redirect("settings_privacy_certificate", key)
    forecast = queries.forecast(found)
    counts = {**forecast.counts, **({"usage": {"gone": forecast.events}} if forecast.events else {})}
    context = {"whom": found, "is_customer": found.subject is Subject.CUSTOMER, "form": form, "forecast": forecast,
               "lines": lines(counts)}  # fmt: skip
    return tabs.shown(request, "privacy/one", context, tab=TAB, status=422 if form.errors else 200)


def _job(request: HttpRequest, job_id: int) -> queue.JobView:
    job = queue.job(job_id)
    if job is None or job.kind != exporting.KIND or job.by_id != tabs.member_of(request).pk:
        raise Http404
    return job


@never_cache
@require_GET
def export(request: HttpRequest, job_id: int) -> HttpResponse:
    """Show how far an export is; htmx asks for the inner part again and again."""
    job = _job(request, job_id)
    path = exporting.file_of(job.result, job.finished_at, at=timezone.now())
    context = {"job": job, "is_there": path is not None, "refused": (job.result or {}).get("refused")}
    if request.headers.get("HX-Request"):
        return render(request, "privacy/progress.html", context)
    return tabs.shown(request, "privacy/export", context, tab=TAB)


@require_GET
def file(request: HttpRequest, job_id: int) -> FileResponse:
    """Hand out the file to the member who asked for it, while he may and it is not expired."""
    job = _job(request, job_id)
    path = exporting.file_of(job.result, job.finished_at, at=timezone.now())
    if path is None or job.result is None:
        raise Http404
    response = FileResponse(path.open("rb"), as_attachment=True, filename=str(job.result["name"]))
    response.headers["Content-Type"] = "application/zip"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@never_cache
@require_GET
def certificate(request: HttpRequest, key: str) -> HttpResponse:
    """Show a certificate, as it is printed too."""
    one = queries.certificate(tabs.member_of(request), key)
    if one is None:
        raise Http404
    context = {"one": one, "lines": lines(one.counts), "is_customer": one.subject == Subject.CUSTOMER}
    return tabs.shown(request, "privacy/certificate", context, tab=TAB)


@require_GET
def certificate_file(request: HttpRequest, key: str) -> HttpResponse:
    """Hand out a certificate as JSON, with the digest of its facts."""
    one = queries.certificate(tabs.member_of(request), key)
    if one is None:
        raise Http404
    text = json.dumps({**one.facts, "sha256": one.digest or None}, ensure_ascii=False, indent=1, sort_keys=True)
    name = f'attachment; filename="erasure-{one.key}.json"'
    return HttpResponse(text, content_type="application/json", headers={"Content-Disposition": name})
