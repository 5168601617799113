"""Django's PostgreSQL backend, which sees without asking whether a kept connection still stands."""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """A server that went away has closed the socket, which then has something to read; only then it is asked.

        Django asks at each request's begin, which is one question of the five that a small one has.
        """
        if self.connection.closed:
            return False
        socket = select.poll()
        socket.register(self.connection, select.POLLIN)
        return not socket.poll(0) or bool(super().is_usable())
