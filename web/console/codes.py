"""Pools of codes: how many are left and given, which run low, and the way to hand in more. No code is read or shown."""

from __future__ import annotations

from flask import Response
from flask_admin import expose

from benefits import pools
from web.console.access import READERS, allow
from web.console.cells import label
from web.console.desk import Console
from web.console.page import Page
from web.console.privilege_editing import MAKERS
from wording import Words


def views(console: Console) -> list[Page]:
    """One page."""
    return [Codes(console)]


class Codes(Page):
    """Privileges that give each claim a code of its own."""

    endpoint_name = "codes"
    section = "privileges"
    position = 30

    def title(self, t: Words) -> str:
        """Codes."""
        return t("Codes")

    @expose("/")
    @allow(*READERS)
    def index(self) -> Response:
        """Each pool."""
        t = self.t
        found = [
            {
                "id": pool.privilege.id,
                "name": label(pool.privilege, "name", t),
                "key": pool.privilege.key,
                "free": t.number(pool.free),
                "given": t.number(pool.given),
                "alert": t.number(pool.privilege.alert_at),
                "added": t.moment(pool.last_added) if pool.last_added else "—",
                "state": self._state(pool, t),
            }
            for pool in pools.pools(self.session, club=self.club)
        ]
        return self.show("console/codes.html", pools=found, may_add=self.may(*MAKERS))

    def _state(self, pool: pools.Pool, t: Words) -> tuple[str, str]:
        if pool.privilege.withdrawn_at is not None:
            return "", t("Withdrawn")
        if pool.free == 0:
            return "bad", t("Empty")
        return ("warn", t("Running low")) if pool.low else ("good", t("Enough"))
