"""What a running installation looks like to somebody who means it ill: ports, TLS, headers, database, container."""
