"""The Lambda functions of the control plane; one folder each, and what they share in core."""

import gc

# A cold start makes some 140,000 objects, which live as long as the worker does. To look through
# them for garbage again and again is a twelfth of it; what is in no cycle needs no collector.
gc.set_threshold(150_000)
