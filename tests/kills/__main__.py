"""`make kills`: the whole campaign, with the seed that repeats it."""

import argparse
import secrets
import sys
import time

from tests.kills.campaign import run_campaign, told

SUCCEEDED_AT_LEAST = 0.99


def main() -> int:
    """Run the campaign; 1 if anything was lost, doubled or left open."""
    parser = argparse.ArgumentParser(prog="make kills", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--at-most", type=int)
    arguments = parser.parse_args()
    began = time.monotonic()
    report = run_campaign(
        seed=arguments.seed,
        at_most=arguments.at_most,
        say=lambda line: print(f"kills: {line}", flush=True),
    )
    print("\n".join(told(report, time.monotonic() - began)))
    bad = (
        report.lost
        or report.doubled
        or report.open_reservations
        or report.uneven_budgets
        or report.findings
        or report.succeeded_share < SUCCEEDED_AT_LEAST
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
