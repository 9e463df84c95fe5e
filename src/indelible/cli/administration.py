"""A data directory administered without a server: the methods of :class:`indelible.client.Administration`, here."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from indelible.access import ApiKeys, Grant, Grants, RateLimit, Role, StoredApiKeys, StoredGrants
from indelible.access.instants import format_instant
from indelible.cli.api_key_view import described
from indelible.cli.times import parse_moment
from indelible.control import ControlStore, SearchStore
from indelible.embedded.administration import administering
from indelible.embedded.description import describe
from indelible.embedded.principal import local_principal
from indelible.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from indelible.access import GrantInfo
    from indelible.embedded import DataDirectory

__all__ = ["DirectoryAdministration"]


class DirectoryAdministration:
    """A directory, to be administered by this machine's user; answers with the JSON objects that INTERFACES defines.

    What only reads may stand beside whatever changes the directory. What changes something takes the directory's lock
    (``Locked`` when somebody else holds it), and acts on logs, keys and grants are put on the record.
    """

    def __init__(self, directory: DataDirectory) -> None:
        self._directory = directory

    def logs(self) -> list[dict[str, Any]]:
        """The description of every log."""
        return [self.log(name) for name in self._directory.log_names()]

    def log(self, name: str) -> dict[str, Any]:
        """One log's description; ``NotFound`` when there is none."""
        return describe(self._directory, name)

    def create_log(self, name: str, *, origin: str | None, public: bool) -> dict[str, Any]:
        """Create a log, pin its keys in the user's state directory, and give its description."""
        with administering(self._directory) as admin:
            self._directory.create_log(name, acts=admin.acts, by=admin.by, origin=origin, public=public)
        return self.log(name)

    def api_keys(self) -> list[dict[str, Any]]:
        """Every API key, without its secret."""
        try:
            with self._stored() as store:
                return [described(key) for key in StoredApiKeys(store).list()]
        except NotFound:
            return []  # a directory that was made in process, and never served

    def api_key(self, key_id: str) -> dict[str, Any]:
        """One API key, without its secret; ``NotFound`` when there is none."""
        with self._stored() as store:
            return described(StoredApiKeys(store).get(key_id))

    def create_api_key(
        self,
        *,
        name: str,
        grants: list[dict[str, str]],
        expires_at: str | None = None,
        limit: Mapping[str, int | None] | None = None,
    ) -> dict[str, Any]:
        """Make an API key; the answer holds its secret, for the only time."""
        with administering(self._directory) as admin:
            new = ApiKeys(admin.store, admin.acts).create(
                name=name,
                grants=[Grant(Role(each["role"]), each["log"], each.get("query", "")) for each in grants],
                by=admin.by,
                expires_at=parse_moment("--expires", expires_at),
                limit=RateLimit(**(limit or {})),
            )
        return described(new)

    def rotate_api_key(self, key_id: str, *, overlap: int, expires_at: str | None = None) -> dict[str, Any]:
        """Replace a key, which works on for ``overlap`` seconds; the answer holds the new one's secret."""
        with administering(self._directory) as admin:
            new = ApiKeys(admin.store, admin.acts).rotate(
                key_id,
                by=admin.by,
                overlap=timedelta(seconds=overlap),
                expires_at=parse_moment("--expires", expires_at),
            )
        return described(new)

    def revoke_api_key(self, key_id: str) -> None:
        """Make a key worthless, at once."""
        with administering(self._directory) as admin:
            ApiKeys(admin.store, admin.acts).revoke(key_id, by=admin.by)

    def grants(self, principal: str | None = None) -> list[dict[str, Any]]:
        """Every grant, or those of one principal."""
        try:
            with self._stored() as store:
                return [_made_grant(made) for made in StoredGrants(store).list(principal)]
        except NotFound:
            return []  # as above

    def create_grant(self, *, principal: str, role: str, log: str, query: str | None) -> dict[str, Any]:
        """Grant a role, and give the grant."""
        with administering(self._directory) as admin:
            grant = Grant(Role(role), log, query or "")
            return _made_grant(Grants(admin.store, admin.acts).create(principal, grant, by=admin.by))

    def delete_grant(self, grant_id: int) -> None:
        """Take a role back, at once."""
        with administering(self._directory) as admin:
            Grants(admin.store, admin.acts).delete(grant_id, by=admin.by)

    def searches(self) -> list[dict[str, Any]]:
        """Every saved search, by name."""
        try:
            with self._stored() as store:
                return [asdict(saved) for saved in SearchStore(store).list()]
        except NotFound:
            return []  # as above

    def search(self, name: str) -> dict[str, Any]:
        """One saved search; ``NotFound`` when there is none."""
        for saved in self.searches():
            if saved["name"] == name:
                return saved
        raise NotFound(f"there is no saved search {name!r}; indelible searches list shows those that there are")

    def create_search(self, name: str, *, log: str, query: str, description: str) -> dict[str, Any]:
        """Save a search under a new name."""
        with self._changing() as store:
            made = SearchStore(store).create(
                name, log=log, query=query, description=description, created_by=local_principal()
            )
        return asdict(made)

    def replace_search(self, name: str, *, log: str, query: str, description: str) -> dict[str, Any]:
        """Give a name to another search."""
        with self._changing() as store:
            return asdict(SearchStore(store).replace(name, log=log, query=query, description=description))

    def delete_search(self, name: str) -> None:
        """Forget a saved search."""
        with self._changing() as store:
            SearchStore(store).delete(name)

    def _stored(self) -> ControlStore:
        """The control data, only to read it; ``NotFound`` when there is none yet."""
        return ControlStore.open(self._directory.control_path, read_only=True)

    @contextmanager
    def _changing(self) -> Iterator[ControlStore]:
        """The control data under the directory's lock, for changes that are no acts to record."""
        self._directory.lock()
        with ControlStore.open(self._directory.control_path) as store:
            yield store


def _made_grant(made: GrantInfo) -> dict[str, Any]:
    return {
        "id": made.id,
        "principal": made.principal,
        "principal_name": made.principal_name,
        "role": made.grant.role.value,
        "log": made.grant.log,
        "query": made.grant.query or None,
        "created_at": format_instant(made.created_at),
        "created_by": made.created_by,
    }
