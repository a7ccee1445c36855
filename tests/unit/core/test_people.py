"""Who counts as one person, by how IAM names the caller."""

import pytest

from functions.core.domain.errors import NotAPerson
from functions.core.domain.people import Person, person_of

ACCOUNT = "123456789012"
SSO = "AWSReservedSSO_{}_0123456789abcdef"


def role(name: str, session: str) -> str:
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"


def test_a_user_is_a_person():
    """By the whole ARN; the name is what declarations say."""
    arn = f"arn:aws:iam::{ACCOUNT}:user/staff/ana"

    assert person_of(arn) == Person(arn, "ana")


def test_identity_center_names_one_human_being_whichever_permission_set_it_is():
    """Two permission sets, or another way to write the name, are still one person."""
    lead = person_of(role(SSO.format("support-leads"), "ana@example.com"))
    manager = person_of(role(SSO.format("managers"), "Ana@example.com"))

    assert (lead.name, lead.groups, manager.groups) == (
        "ana@example.com",
        ("support-leads",),
        ("managers",),
    )
    assert lead.id == manager.id


def test_all_sessions_of_a_role_are_one_person_unless_somebody_vouches_for_their_names():
    """A session's name is chosen by whoever takes the role."""
    two = [person_of(role("deploy", name)) for name in ("ana", "ben")]
    vouched = [person_of(role("deploy", name), named_roles=("deploy",)) for name in ("ana", "ben")]

    assert len({person.id for person in two}) == 1
    assert [person.name for person in two] == ["", ""]
    assert len({person.id for person in vouched}) == 2
    assert two[0].groups == vouched[0].groups == ("deploy",)


def test_a_role_that_only_looks_like_identity_centers_is_one_of_the_account():
    """Its own roles end in sixteen hexadecimal digits."""
    assert person_of(role("AWSReservedSSO_support-leads", "ana")).name == ""


def test_whoever_declares_themselves_is_marked_and_counts_on_a_laptop_only():
    """Elsewhere such a path would be a way to any name and group."""
    arn = f"arn:aws:iam::{ACCOUNT}:user/self-declared/support-leads/ana"

    told = person_of(arn, self_declared=True)
    assert (told.name, told.groups, told.self_declared) == ("ana", ("support-leads",), True)
    with pytest.raises(NotAPerson):
        person_of(arn)


@pytest.mark.parametrize("arn", ["", "nobody", f"arn:aws:iam::{ACCOUNT}:role/x"])
def test_what_is_nobody_is_refused(arn: str):
    """Neither a user nor a session."""
    with pytest.raises(NotAPerson):
        person_of(arn)


def test_root_and_federated_users_have_no_name():
    """They can decide by no declaration: nothing vouches for who they are."""
    root = person_of(f"arn:aws:iam::{ACCOUNT}:root")
    federated = {person_of(f"arn:aws:sts::{ACCOUNT}:federated-user/{n}").id for n in ("a", "b")}

    assert (root.name, len(federated)) == ("", 1)
