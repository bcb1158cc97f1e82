"""Where rows and bytes live."""
