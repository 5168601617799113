"""One registry from which validation, `/Schemas`, filters and PATCH follow."""
