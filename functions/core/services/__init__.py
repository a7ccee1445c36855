"""The contracts as code: door, admission, sending, ledger, evidence, over the ports alone."""
