"""The intake's states and reasons in words, with what to do about each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from perennial.intake import queries
from perennial.intake.live import Fate
from perennial.intake.mending import Change, Rule
from perennial.intake.proposals import Decided, Why
from perennial.intake.terms import Reason


@dataclass(frozen=True)
class Said:
    """A reason in words: its name, what is wrong, and what to do."""

    label: str | Promise
    wrong: str | Promise
    do: str | Promise


REASONS: Mapping[Reason, Said] = {
    Reason.NOT_AN_OBJECT: Said(
        _("Not an object"),
        _("The message is a text, a number or a list, and not a JSON object."),
        _("Look at the program that makes the batch: each message is an object with a type. Set these aside."),
    ),
    Reason.UNKNOWN_TYPE: Said(
        _("Unknown type"),
        _("The type is none of track, identify, group, page, screen and alias."),
        _("Correct the type in the program. Here: replace the wrong type, or set a missing one to track."),
    ),
    Reason.TOO_LARGE: Said(
        _("Too large"),
        _("The message has more than 32 KB."),
        _("Send ids instead of whole documents. Here: remove the property that makes it large, then replay."),
    ),
    Reason.TOO_DEEP: Said(
        _("Nested too deeply"),
        _("The message has more than 254 lists and objects inside each other. What lies deeper was not kept."),
        _("Send flat properties. Here: remove the property that is nested, then replay."),
    ),
    Reason.NO_USER: Said(
        _("No user"),
        _("The message names neither userId nor anonymousId, so it is not known who acted."),
        _("Send one of them. Here: copy it from a property that names the user, or set one for all."),
    ),
    Reason.NO_EVENT: Said(
        _("No event name"),
        _("A track call names what happened in event; here it is missing or empty."),
        _("Send the name. Here: copy it from the field in which it stands, or set one for all."),
    ),
    Reason.NO_GROUP: Said(
        _("No group"),
        _("A group call names the customer in groupId; here it is missing or empty."),
        _("Send the customer's id. Here: copy it from another field, or set it."),
    ),
    Reason.NO_PREVIOUS: Said(
        _("No previous id"),
        _("An alias call names the user's former id in previousId; here it is missing or empty."),
        _("Send it, or leave the call out: events without it count all the same. Then set these aside."),
    ),
    Reason.NOT_A_TEXT: Said(
        _("Not a text"),
        _("An id or a name is an object, a list, a truth value or a fraction; a text or a whole number is wanted."),
        _("Send the id as text. Here: copy it from another field, or set it."),
    ),
    Reason.TOO_LONG: Said(
        _("Too long"),
        _("A name or an id has more than 200 characters (a messageId more than 255)."),
        _("Send a short name and put the details into properties. Here: cut it to the limit."),
    ),
    Reason.CONTROL_CHARACTER: Said(
        _("Control character"),
        _("A name or an id holds a line break, a tab or another control character."),
        _("Clean it before it is sent. Here: take these characters out."),
    ),
    Reason.BROKEN_TEXT: Said(
        _("Broken text"),
        _("A text holds half a character: it was cut in the middle of an emoji, or its encoding was mixed up."),
        _("Cut texts by characters and not by bytes. Here: correct the text in the message itself."),
    ),
    Reason.NOT_A_NUMBER: Said(
        _("Not a number"),
        _("The message holds NaN, Infinity or a number that is too large, which JSON does not know."),
        _("Leave unknown numbers out. Here: remove the property."),
    ),
    Reason.BAD_TIME: Said(
        _("Time not readable"),
        _("The timestamp cannot be read, or it lies before the year 2000."),
        _("Send ISO 8601 such as 2026-03-31T08:00:00Z. Here: remove it, and the time of receipt counts."),
    ),
    Reason.ERASED: Said(
        _("Erased"),
        _("It names a person or a customer that was erased and is kept out. Nothing of it was kept."),
        _("Stop sending it. There is nothing to mend here."),
    ),
}
SUGGESTED: Mapping[Reason, Rule] = {
    Reason.UNKNOWN_TYPE: Rule(Change.SET, "type", value="track"),
    Reason.NO_USER: Rule(Change.COPY, "userId", other="properties.user_id"),
    Reason.NO_EVENT: Rule(Change.COPY, "event", other="name"),
    Reason.NO_GROUP: Rule(Change.COPY, "groupId", other="traits.id"),
    Reason.BAD_TIME: Rule(Change.REMOVE, "timestamp"),
}
"""With what the form for many begins; for other reasons with the place that the reason names."""


def reason(key: str) -> Said:
    """Return a reason in words; one that this version does not know speaks for itself."""
    try:
        return REASONS[Reason(key)]
    except ValueError:
        return Said(key, "", "")


def suggested(key: str, where: str) -> Rule:
    """Return the rule with which the form for many begins."""
    try:
        known = SUGGESTED.get(Reason(key))
    except ValueError:
        known = None
    if known is not None:
        return known
    tidy = key in (Reason.TOO_LONG, Reason.CONTROL_CHARACTER)
    return Rule(Change.TIDY if tidy else Change.NOTHING, where if tidy else "")


CHANGES: Mapping[Change, str | Promise] = {
    Change.NOTHING: _("Change nothing"),
    Change.SET: _("Set it, where it is missing"),
    Change.COPY: _("Copy it from another field, where it is missing"),
    Change.REPLACE: _("Replace a value"),
    Change.REMOVE: _("Remove it"),
    Change.TIDY: _("Take out control characters and cut it to the limit"),
}
FATES: Mapping[Fate, tuple[str | Promise, str]] = {
    Fate.TAKEN: (_("Counts"), "good"),
    Fate.UNCONFIRMED: (_("Unconfirmed"), "watch"),
    Fate.IGNORED: (_("Ignored"), ""),
    Fate.REPEATED: (_("Sent again"), ""),
    Fate.REJECTED: (_("Rejected"), "bad"),
    Fate.REPLAYED: (_("Replayed"), "info"),
    Fate.DISCARDED: (_("Set aside"), ""),
}
"""What became of a message, and its tone."""
MEANINGS: Mapping[Fate, str | Promise] = {
    Fate.TAKEN: _("Stored, and counted for this customer at the next computation."),
    Fate.UNCONFIRMED: _("Stored; it counts as soon as somebody says which customer this is."),
    Fate.IGNORED: _("Stored, and counted for nobody: somebody said that this is no customer."),
    Fate.REPEATED: _("An event with this messageId came before; it counts once."),
    Fate.REJECTED: _("Kept as it came, and not counted; it can be mended and replayed."),
    Fate.REPLAYED: _("It was rejected, then mended and replayed: it counts once."),
    Fate.DISCARDED: _("It was rejected and set aside: it never counts."),
}
STATES: Mapping[str, str | Promise] = {
    queries.OPEN: pgettext_lazy("rejected messages", "Waiting"),
    queries.REPLAYED: _("Replayed"),
    queries.DISCARDED: _("Set aside"),
    queries.EVERY: _("All"),
}
DECIDED: Mapping[Decided, str | Promise] = {
    Decided.OPEN: pgettext_lazy("unconfirmed groups", "To decide"),
    Decided.LINKED: pgettext_lazy("unconfirmed groups", "Linked"),
    Decided.IGNORED: _("Ignored"),
}
WHYS: Mapping[Why, str | Promise] = {
    Why.EXTERNAL_ID: _("%(detail)s calls it so"),
    Why.GROUP: _("acts for this customer since"),
    Why.DOMAIN: _("same domain, %(detail)s"),
    Why.SAME_NAME: _("same name"),
    Why.SIMILAR_NAME: _("similar name"),
}


def why(key: Why, detail: str) -> str:
    """Return what a proposal stands on, in words."""
    said = str(WHYS[key])
    return said % {"detail": detail} if "%(" in said else said
