"""Publishing a deployment's definitions."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from functions.core.domain.budgets import Budgets
from functions.core.domain.definitions import parse_document
from functions.core.domain.errors import DefinitionChanged
from functions.core.domain.ledger import Place, period
from functions.core.ports import Clock
from functions.core.services.catalog import Catalog
from functions.core.services.ledger import Grant, Ledger


def publish(
    catalog: Catalog, ledger: Ledger, clock: Clock, compiled: Mapping[str, Any], *, by: str
) -> list[str]:
    """Publish every document of *compiled*; open the budgets' current period.

    Returns
    -------
    list of str
        The versions, in the order of the documents.

    Raises
    ------
    DefinitionChanged
        A document does not have the hash that it was compiled with.
    """
    versions = []
    for entry in compiled["documents"]:
        document = parse_document(entry["kind"], entry["document"])
        version = catalog.publish(entry["kind"], entry["name"], entry["document"], by=by)
        if version != entry["hash"]:
            raise DefinitionChanged(f"{entry['kind']} {entry['name']} was changed on its way")
        versions.append(version)
        if isinstance(document, Budgets):
            for budget in document.budgets:
                place = Place(budget.scope, period(clock.now()), 0)
                grant = Grant(budget.scope, Decimal(budget.limit_usd), budget.shards)
                ledger.open_period(place, grant)
    return versions
