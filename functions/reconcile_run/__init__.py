"""Reconcile a run whose execution ended behind our back."""
