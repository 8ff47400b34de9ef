"""The API's frame: version 1, its documentation, and errors that tell the client what to do and nothing internal."""

from __future__ import annotations

import logging
import uuid
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.renderers import JSONRenderer
from ninja.responses import NinjaJSONEncoder
from pydantic import Field

from perennial.api import answers
from perennial.api.docs import Page
from perennial.api.keys import BearerKey

log = logging.getLogger("perennial.api")
Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2200, 1, 1))]
"""A day that a call may name: outside these nothing happened, and arithmetic on days would run out of calendar."""


class ExactEncoder(NinjaJSONEncoder):
    """Decimals as strings, so that no client rounds them."""

    def default(self, o: Any) -> Any:
        return str(o) if isinstance(o, Decimal) else o.isoformat() if isinstance(o, date) else super().default(o)


class ExactJSON(JSONRenderer):
    """JSON with exact decimals."""

    encoder_class = ExactEncoder


class Api(NinjaAPI):
    """The API, whose schema says what every call answers and how it refuses."""

    def get_openapi_schema(self, *args: Any, **kwargs: Any) -> OpenAPISchema:
        return answers.described(super().get_openapi_schema(*args, **kwargs))


api = Api(
    title="Perennial",
    version="1",
    urls_namespace="api",
    description="The same rows as the pages. Keys: Settings → Keys, sent as `Authorization: Bearer KEY`.",
    auth=BearerKey(),
    docs=Page(),
    renderer=ExactJSON(),
)


@api.exception_handler(Http404)
def not_found(request: HttpRequest, _error: Http404) -> HttpResponse:
    """Unknown and forbidden look alike."""
    return api.create_response(request, {"error": "not_found"}, status=404)


@api.exception_handler(AuthenticationError)
def unknown_key(request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    """No key, an unknown one, a revoked one, or its member is gone: all look alike."""
    reason = "Send a key as `Authorization: Bearer KEY`."
    return api.create_response(request, {"error": "unauthorized", "reason": reason}, status=401)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Name each place that is wrong."""
    places = [{"place": ".".join(str(part) for part in item["loc"]), "reason": item["msg"]} for item in error.errors]
    return api.create_response(request, {"error": "invalid", "places": places}, status=422)


@api.exception_handler(HttpError)
def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    return api.create_response(request, {"error": "refused", "reason": str(error)}, status=error.status_code)


@api.exception_handler(RequestDataTooBig)
def too_big(request: HttpRequest, _error: RequestDataTooBig) -> HttpResponse:
    reason = f"A body has at most {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes. Send it in parts."
    return api.create_response(request, {"error": "too_big", "reason": reason}, status=413)


@api.exception_handler(Exception)
def failed(request: HttpRequest, error: Exception) -> HttpResponse:
    """The boundary of the API: the id in the answer is found in the log, nothing else is told."""
    number = uuid.uuid4().hex[:12]
    log.exception("API error %s on %s", number, request.path, exc_info=error)
    return api.create_response(request, {"error": "internal", "id": number}, status=500)
