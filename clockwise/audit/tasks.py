"""Each minute: what is unchained is chained, a head is signed, heads are anchored."""

import logging

from celery import shared_task

from clockwise.audit import anchors, chain, heads
from clockwise.encryption.errors import KeyRefused, KeyUnavailable

log = logging.getLogger(__name__)


@shared_task(name="audit.seal_the_minute", ignore_result=True)
def seal_the_minute() -> None:
    chain.extend_all()
    heads.sign_next()
    if not anchors.is_configured():
        return
    try:
        anchors.anchor_waiting()
    except (KeyUnavailable, KeyRefused) as error:
        log.error("Audit heads wait to be anchored: %s", error)
    except anchors.AnchorConflict as conflict:
        log.critical("The audit log's history was replaced: %s", conflict)
