"""The reasons why files stay, one module a family; each module's docstring is its documentation."""
