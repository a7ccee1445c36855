"""What no text changes, with every detector off and a model that obeys every order."""
