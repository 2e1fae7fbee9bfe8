"""How long a picture counts as sent just now, which keeps the housekeeper from deleting it."""

from __future__ import annotations

from sqlalchemy import select, update
from tests.integration.conftest import OpenSite, Site

from talkies.database import pictures, reading
from talkies.server.pictures import FRESH_MS


def sent_ms(site: Site) -> int:
    with reading(site.services.database) as connection:
        return int(connection.execute(select(pictures.c.created_ms)).scalar_one())


def make_older(site: Site, by_ms: int) -> int:
    older_ms = sent_ms(site) - by_ms
    with site.services.database.begin() as connection:
        connection.execute(update(pictures).values(created_ms=older_ms))
    return older_ms


def test_an_old_picture_that_is_sent_again_counts_as_sent_now(open_site: OpenSite) -> None:
    site = open_site()
    site.submit()
    older_ms = make_older(site, 2 * FRESH_MS)

    site.submit()

    assert sent_ms(site) > older_ms + FRESH_MS


def test_a_picture_that_was_sent_just_now_is_not_written_down_again(open_site: OpenSite) -> None:
    site = open_site()
    site.submit()
    # In the future, so that it is fresh however slow the machine is.
    later_ms = make_older(site, -10 * FRESH_MS)

    site.submit()

    assert sent_ms(site) == later_ms
