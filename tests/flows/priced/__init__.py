"""What goes wrong around a run: systems, models, money, stops; on a cloud whose model costs."""
