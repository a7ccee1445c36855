"""Mends of moto's DynamoDB: atomic, transactional, measured."""

import functools


@functools.cache
def apply() -> None:
    """Install all of them, once; the locks go outermost."""
    from interlock.local.mends.dynamodb import (
        arithmetic,
        capacity,
        expressions,
        locks,
        queries,
        transactions,
        values,
        writes,
    )

    values.mend_values()  # first: the others look the class up
    expressions.mend_parsing()
    expressions.mend_copies()
    expressions.mend_passes()
    arithmetic.mend_arithmetic()
    writes.mend_update()
    writes.mend_unchanged()
    writes.mend_mappings()
    transactions.mend_transactions()
    transactions.mend_client_token()
    queries.mend_query()
    capacity.mend_writes()
    capacity.mend_queries()
    capacity.mend_answers()
    locks.mend_atomicity()
