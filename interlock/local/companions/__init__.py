"""Outside systems that the laptop cloud and the tests bring along: real processes, not mocks."""
