"""What CI asks of the source: rules of our own, a lint of migrations, secrets, dependencies, the bill of materials.

`python -m tests.checks` runs them all; `python -m tests.checks rules secrets` some. None of it ships with the product.
"""
