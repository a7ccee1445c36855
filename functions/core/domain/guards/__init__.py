"""Guards: pure rules over texts that go to a model, or come from one."""
