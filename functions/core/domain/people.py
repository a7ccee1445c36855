"""Who counts as one person, read from how IAM names the caller of a signed request.

A role's session name is chosen by whoever takes the role. It tells people apart only where
somebody vouches for it: Identity Center for its own roles, or a role whose sessions the stage
declares to be named after people (a trust policy that ties the session name to the person).
All other sessions of a role are one person.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from functions.core.domain.errors import NotAPerson

_ARN: Final = re.compile(r"arn:[a-z-]+:(iam|sts)::([0-9]{12}):([a-z-]+)(?:/(.+))?")
_IDENTITY_CENTER: Final = re.compile(r"AWSReservedSSO_(.+)_[0-9a-f]{16}")
SELF_DECLARED: Final = "self-declared"
"""The path under which a laptop cloud names its users, who are who they say."""


@dataclass(frozen=True)
class Person:
    """Somebody who decides.

    Attributes
    ----------
    id
        Equal for everything that counts as one person.
    name
        What declarations call them; empty where nobody vouches for a name.
    groups
        Permission sets or roles that they signed with.
    """

    id: str
    name: str
    groups: tuple[str, ...] = ()
    self_declared: bool = False

    @property
    def shown(self) -> str:
        """How they are put on record."""
        return self.name or self.id


def person_of(
    user_arn: str, *, named_roles: Collection[str] = (), self_declared: bool = False
) -> Person:
    """Return the person behind `requestContext.authorizer.iam.userArn`.

    Parameters
    ----------
    named_roles
        Roles whose session names the account ties to people.
    self_declared
        Whether this is a laptop cloud, whose users are who they say; nowhere else.

    Raises
    ------
    NotAPerson
        It is no user and no session of a role.
    """
    found = _ARN.fullmatch(user_arn)
    if found is None:
        raise NotAPerson("the caller is no IAM identity")
    service, account, kind, rest = found.groups()
    if service == "iam" and kind == "user" and rest:
        return _user(user_arn, rest.split("/"), self_declared=self_declared)
    if service == "iam" and kind == "root":
        return Person(user_arn, "")
    if service == "sts" and kind == "assumed-role" and rest and "/" in rest:
        role, session = rest.split("/", 1)
        return _session(account, role, session, named_roles)
    if service == "sts" and kind == "federated-user":
        return Person(f"federated:{account}", "")
    raise NotAPerson("the caller is neither a user nor a session of a role")


def _user(user_arn: str, path: list[str], *, self_declared: bool) -> Person:
    *folders, name = path
    if folders[:1] != [SELF_DECLARED]:
        return Person(user_arn, name)
    if not self_declared:
        raise NotAPerson("only a laptop cloud has users that declare themselves")
    return Person(f"{SELF_DECLARED}:{name.casefold()}", name, tuple(folders[1:]), True)


def _session(account: str, role: str, session: str, named_roles: Collection[str]) -> Person:
    reserved = _IDENTITY_CENTER.fullmatch(role)
    if reserved is not None:  # one human being, whichever permission set it is
        return Person(f"identity-center:{session.casefold()}", session, (reserved[1],))
    if role in named_roles:
        return Person(f"named:{session.casefold()}", session, (role,))
    return Person(f"role:{account}/{role}", "", (role,))
