"""What a log line may hold: no address of a person, no token, no line break of a stranger's.

Code doesn't log such things. This is the net for what libraries and tracebacks say.
"""

import logging
import re

_SECRETS = re.compile(
    r"""
    (?P<known>\b(?:cwk_|cws_|scim_|ya29\.|1//|GOCSPX-)[\w\-./+=]{8,})     # our tokens and Google's
    |(?P<jwt>\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)                           # a JSON Web Token
    |(?P<header>\b(?:Bearer|Basic)\s+[\w\-./+=~]{8,})
    |(?P<pair>["']?\b(?:access_token|refresh_token|id_token|client_secret|code|state|nonce|password|secret|token
        |sessionid|csrftoken|authorization|cookie|api_key)\b["']?\s*[=:]\s*["']?)(?P<value>[^\s"'&,;<>{}]{6,})
    |(?P<userinfo>://[^\s/:@]*:)(?P<word>[^\s/@]+)(?=@)                   # a password in an address
    """,
    re.IGNORECASE | re.VERBOSE,
)
_PEOPLE = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+", re.UNICODE)
# Everything that a terminal or a reader of logs takes for the end of a line, or for an order to the terminal.
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


def clean(text: str) -> str:
    """One line without anybody's address, token or password."""
    return _escaped(_PEOPLE.sub("[address]", _SECRETS.sub(_without_secret, text)))


class CleanFormatter(logging.Formatter):
    """Cleans message and traceback. A traceback keeps its lines, each begun with a mark that no message can forge."""

    def format(self, record: logging.LogRecord) -> str:
        message, trace = logging.Formatter(self._style._fmt, self.datefmt), ""
        if record.exc_info or record.exc_text or record.stack_info:
            trace = self._trace(record)
        bare = logging.makeLogRecord({**record.__dict__, "exc_info": None, "exc_text": None, "stack_info": None})
        return clean(message.format(bare)) + trace

    def _trace(self, record: logging.LogRecord) -> str:
        lines = []
        if record.exc_info and record.exc_info[0] is not None:
            lines += self.formatException(record.exc_info).splitlines()
        elif record.exc_text:
            lines += record.exc_text.splitlines()
        if record.stack_info:
            lines += record.stack_info.splitlines()
        return "".join(f"\n  | {clean(line)}" for line in lines)


def _without_secret(match: re.Match[str]) -> str:
    kept = match["pair"] or match["userinfo"] or ""
    return f"{kept}[secret]"


def _escaped(text: str) -> str:
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
