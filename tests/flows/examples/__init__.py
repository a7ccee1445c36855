"""Other teams' machines with one governed call each; on a cloud whose model costs."""
