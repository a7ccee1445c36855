"""What a task declares of its variables beyond their schema: files, limits, and what may lack."""
