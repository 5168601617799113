"""What CI asks of the source: rules of our own, a lint of migrations, secrets, dependencies, the bill of materials.

`python -m checks` runs them all; `python -m checks rules secrets` some. None of it ships with the product.
"""
