"""Reading the table of rights."""

from __future__ import annotations

from dataclasses import replace

from perennial.blueprint.calculations.node import Node, refuse_doubles
from perennial.blueprint.terms import (
    INDISPENSABLE,
    PORTFOLIO_FIELDS,
    ROLES,
    Ability,
    BlueprintError,
    Rights,
    RoleRights,
    Scope,
    gettext_noop,
)


def parse_rights(node: Node) -> Rights:
    """Read abilities and roles.

    :raises BlueprintError: a role with an ability or a hidden field that does not exist, a role that members have and
        that is missing, or administrators who could no longer manage members and settings.
    """
    node.only("abilities", "roles")
    abilities = tuple(Ability(key, part.label()) for key, part in node.at("abilities").pairs())
    known = frozenset(ability.key for ability in abilities)
    roles = tuple(_role(item, known) for item in node.at("roles").items())
    refuse_doubles(node.at("roles"), tuple(role.key for role in roles))
    for missing in (role for role in ROLES if role not in {one.key for one in roles}):
        raise node.at("roles").fail(gettext_noop("the role %(role)s is missing"), role=missing)
    _keep_the_keys(node, roles)
    return Rights(abilities, roles)


def _role(node: Node, known: frozenset[str]) -> RoleRights:
    node.only("key", "label", "abilities", "hidden_fields")
    if node.at("key").text() not in ROLES:
        said = {"role": repr(node.at("key").text()), "roles": ", ".join(ROLES)}
        raise node.at("key").fail(gettext_noop("there is no role %(role)s; the roles are %(roles)s"), **said)
    reach: dict[str, Scope] = {}
    for key, part in node.at("abilities").pairs():
        if key not in known:
            raise part.fail(gettext_noop("there is no such ability"))
        reach[key] = part.choice(Scope)
    hidden = node.at("hidden_fields")
    for item in hidden.items() if hidden.given else ():
        if item.text() not in PORTFOLIO_FIELDS:
            raise item.fail(gettext_noop("there is no field %(field)s"), field=repr(item.text()))
        if item.text() == "name":
            raise item.fail(gettext_noop("a customer's name cannot be hidden: every list begins with it"))
    return RoleRights(
        key=node.at("key").text(),
        label=node.at("label").label(),
        abilities=reach,
        hidden_fields=frozenset(hidden.texts()) if hidden.given else frozenset(),
    )


def _keep_the_keys(node: Node, roles: tuple[RoleRights, ...]) -> None:
    admin = next(role for role in roles if role.key == "admin")
    for ability in INDISPENSABLE:
        if admin.abilities.get(ability) is not Scope.ALL:
            place = node.at("roles").items()[roles.index(admin)].at("abilities").at(ability)
            raise place.fail(gettext_noop("administrators need this for all: nobody could give it back"))


def refuse_lost(rights: Rights, shipped: Rights, *, file: str) -> None:
    """Refuse a table that leaves out an ability of this version: a page behind it would be closed to everybody.

    :raises BlueprintError: naming the first one that is left out, and one that this version does not know.
    """
    said, known = ({ability.key for ability in one.abilities} for one in (rights, shipped))
    for key in sorted(known - said):
        raise BlueprintError(gettext_noop("the ability %(key)s is missing"), {"key": key}, file=file, place="abilities")
    for key in sorted(said - known):
        raise BlueprintError(gettext_noop("is not known here"), file=file, place=f"abilities.{key}")


def completed(rights: Rights, shipped: Rights) -> Rights:
    """Return a kept table with the abilities that came with a later version, granted as that version ships them."""
    said, known = ({ability.key for ability in one.abilities} for one in (rights, shipped))
    fresh = tuple(ability for ability in shipped.abilities if ability.key not in said)
    if not fresh and said <= known:
        return rights
    given = {role.key: role.abilities for role in shipped.roles}
    roles = tuple(
        replace(
            role,
            abilities={key: scope for key, scope in role.abilities.items() if key in known}
            | {one.key: given[role.key][one.key] for one in fresh if one.key in given[role.key]},
        )
        for role in rights.roles
    )
    return Rights(tuple(one for one in rights.abilities if one.key in known) + fresh, roles)
