"""Random settings, and random changes of settings, decided by a `random.Random` alone.

All are valid by construction: a value is drawn as the check of its field wants it, and `_settled`
puts in order what the rules between values forbid. There is at least one of each table.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from random import Random
from typing import Any

import attrs
from attrs import evolve

from smppgate.settings import AdminUserSettings, MemberSettings, Settings
from smppgate.settings.admin_side import Endpoints
from smppgate.settings.checks import Amount, Check, Flag, Part, Seconds, Several, Whole
from smppgate.settings.hook_side import Factory, Options
from smppgate.settings.inline_tables import Inline
from smppgate.settings.members import Members, name_in
from smppgate.settings.model import SECTIONS, SINGLE
from smppgate.settings.nested import Nested
from smppgate.settings.networks import Network
from smppgate.settings.number_files import NumberFile, PrefixFile
from smppgate.settings.passwords import (
    ESME_PASSWORDS,
    SMSC_PASSWORDS,
    HashedPassword,
    KeptPassword,
    PasswordPlace,
    given_places,
)
from smppgate.settings.peer_side import NodeName
from smppgate.settings.redis_places import RedisUrl, SentinelPlace, ServerUrl
from smppgate.settings.rewrite_checks import (
    StatusMap,
    TlvTag,
    TlvValue,
    Unset,
    ValidityPeriod,
)
from smppgate.settings.rewrites import CHANGES
from smppgate.settings.route_checks import Pattern, Percentage, Status, TlvPattern, Window, Zone
from smppgate.settings.store_checks import KeyPrefix, Patience, RedisUser, Replicas
from smppgate.settings.store_relations import PASSWORDS, SENTINEL_PASSWORDS
from smppgate.settings.store_tls import StoreTlsSettings
from smppgate.settings.tables import Table
from smppgate.settings.texts import (
    AddressRange,
    Choice,
    Endpoint,
    FilePath,
    FolderPath,
    Name,
    Octets,
    Reference,
    Secret,
    ShortTag,
)
from smppgate.settings.tls import ListenTlsSettings, SmscTlsSettings
from smppgate.settings.tls_checks import CertificateName

Document = dict[str, Any]
"""A mutable configuration: a dict for each table, a list of them for each array."""

SECRET = "hush"
"""What each secret begins with, and nothing else has in it."""

_DISPUTED = 'x"\\\u00e9\x85\xad '
"""What a C-octet string may have, and a log must not show raw."""


@attrs.frozen(kw_only=True)
class Words:
    """What names and places are chosen from. No tag begins with another, derived ones included."""

    system_ids: tuple[str, ...] = ("acme", "bank", "carrier", 'd"\\\xe9\x85', "*")
    smscs: tuple[str, ...] = ("alpha", "beta", "gamma", "delta")
    pools: tuple[str, ...] = ("main", "backup", "default", "night")
    groups: tuple[str, ...] = ("", "", "center", "alpha")
    tags: tuple[str, ...] = ("", "", "Z1", "Z2", "Q")
    listeners: tuple[str, ...] = tuple(f"tcp:27{n}:interface=127.0.0.1" for n in range(75, 80))
    outbind_listeners: tuple[str, ...] = tuple(f"tcp:28{number}" for number in range(10, 16))
    clients: tuple[str, ...] = ("tcp:127.0.0.1:3001", "tcp:127.0.0.1:3002", "unix:/run/smsc.sock")
    ranges: tuple[str, ...] = ("*", "44*", "4477*", "447700900123", "+4420", "^44(77|78)[0-9]{3}$")
    routes: tuple[str, ...] = ("premium", "night", "rest", "foreign")
    rules: tuple[str, ...] = ("national", "shops", "codes")
    sources: tuple[str, ...] = ("*", "47*", "My Shop", "Info-*", "^(Info|Shop)-[0-9]+$", "+4420")
    nodes: tuple[str, ...] = ("a", "b", "c", "d")
    admins: tuple[str, ...] = (
        "unix:STATE_DIR/admin.sock",
        "unix:/run/smppgate.sock:mode=660",
        "tcp:2901:interface=127.0.0.1",
    )
    folders: tuple[str, ...] = ("state", "/var/lib/smppgate", "a b")
    files: tuple[str, ...] = ("", "journal", "lines", "/var/log/a b")


WORDS = Words()
_IDENTITIES = {
    "esme": "system_ids",
    "smsc": "smscs",
    "pool": "pools",
    "listen": "listeners",
    "route": "routes",
    "rewrite": "rules",
    "peer": "nodes",
}
_MAY_LACK = ("pool", "route", "rewrite", "peer")
_FORMER = "former"
_KEYS = {
    "esme": "system_id",
    "smsc": "name",
    "pool": "name",
    "listen": "endpoint",
    "route": "name",
    "rewrite": "name",
    "peer": "name",
}


def drawn(random: Random, words: Words = WORDS) -> Settings:
    """Settings that ``random`` decides."""
    return _Draw(random, words).settings()


def mutated(
    settings: Settings,
    random: Random,
    words: Words = WORDS,
    steady: frozenset[tuple[str, str]] = frozenset(),
) -> Settings:
    """``settings`` after one to four changes that ``random`` decides.

    A change gives a table other values or another name, adds one, removes one, or puts them in
    another order. One change may undo another.

    :param steady: sections and keys of values that stay as they are in tables that both have,
        unless they would be invalid beside the others.
    """
    return _Draw(random, words).changed(settings, steady)


def _tables(settings: Settings) -> Document:
    """A copy of all tables, which may be changed."""
    document: Document = {}
    for section in SECTIONS:
        found = getattr(settings, section)
        single = section in SINGLE
        document[section] = _plain(found) if single else [_plain(table) for table in found]
    return document


def _plain(table: Table) -> Document:
    return attrs.asdict(table, recurse=False)


def _made(document: Document) -> Settings:
    sections: dict[str, Any] = {
        section: table(**document[section])
        if section in SINGLE
        else tuple(table(**each) for each in document[section])
        for section, table in SECTIONS.items()
    }
    return Settings(**sections)


@attrs.frozen
class _Draw:
    random: Random
    words: Words

    def settings(self) -> Settings:
        document: Document = {}
        for section in SECTIONS:
            if section in SINGLE:
                document[section] = self._table(section, 0.3)
            else:
                names = getattr(self.words, _IDENTITIES[section])
                count = self.random.randint(0 if section in _MAY_LACK else 1, len(names))
                document[section] = [
                    self._table(section, 0.3) | {_KEYS[section]: name}
                    for name in self.random.sample(names, count)
                ]
        return self._settled(document)

    def changed(self, settings: Settings, steady: frozenset[tuple[str, str]]) -> Settings:
        document = _tables(settings)
        # A table that is removed and one that gets its name later would be one that has changed.
        document[_FORMER] = {
            section: [getattr(table, _KEYS[section]) for table in getattr(settings, section)]
            for section, _ in steady
            if section not in SINGLE
        }
        for _ in range(self.random.randint(1, 4)):
            section = self.random.choice(list(SECTIONS))
            hows = [self._vary, self._vary, self._add, self._remove, self._mix, self._rename]
            how = self._vary if section in SINGLE else self.random.choice(hows)
            how(document, section, steady)
        return self._settled(document)

    # Changes of a document

    def _vary(self, document: Document, section: str, steady: frozenset[tuple[str, str]]) -> None:
        found = document[section]
        if not found:
            return
        table = found if section in SINGLE else self.random.choice(found)
        fields = [
            field
            for field in attrs.fields(SECTIONS[section])
            if field.name != _KEYS.get(section) and (section, field.name) not in steady
        ]
        for field in self.random.sample(fields, min(len(fields), self.random.randint(1, 3))):
            table[field.name] = self._value(field)
            if field.name == "outbind" and ("esme", "queue") not in steady:
                table["queue"] = bool(table["outbind"])

    def _add(self, document: Document, section: str, _steady: object) -> None:
        there = {table[_KEYS[section]] for table in document[section]}
        free = self._free(document, section)
        if free:
            table = self._table(section, 0.3) | {_KEYS[section]: self.random.choice(free)}
            document[section].insert(self.random.randint(0, len(there)), table)

    def _free(self, document: Document, section: str) -> list[str]:
        """Names that no table has."""
        taken = {table[_KEYS[section]] for table in document[section]}
        taken |= set(document[_FORMER].get(section, ()))
        return [n for n in getattr(self.words, _IDENTITIES[section]) if n not in taken]

    def _remove(self, document: Document, section: str, _steady: object) -> None:
        # Without pools there is one of all SMSCs.
        if len(document[section]) > (0 if section in _MAY_LACK else 1):
            document[section].remove(self.random.choice(document[section]))

    def _mix(self, document: Document, section: str, _steady: object) -> None:
        self.random.shuffle(document[section])

    def _rename(self, document: Document, section: str, _steady: object) -> None:
        there = {table[_KEYS[section]] for table in document[section]}
        free = self._free(document, section)
        if free and there:
            table = self.random.choice(document[section])
            old, table[_KEYS[section]] = table[_KEYS[section]], self.random.choice(free)
            for pool in document["pool"] if section == "smsc" else ():
                for key in ("members", "backup"):
                    members = pool.get(key, ())
                    pool[key] = tuple(_renamed(each, old, table["name"]) for each in members)

    # Values

    def _table(self, section: str, part: float) -> Document:
        """A table with values for what has no default, and for this part of the rest."""
        return {
            field.name: self._value(field)
            for field in attrs.fields(SECTIONS[section])
            if field.default in (None, attrs.NOTHING) or self.random.random() < part
        }

    def _value(self, field: attrs.Attribute[object]) -> object:
        check: Check = field.metadata["check"]
        return self._checked(check)

    def _checked(self, check: Check) -> object:
        for kind, draw in _DRAWS.items():
            if isinstance(check, kind):
                return draw(self, check)
        raise AssertionError(check)

    def whole(self, check: Whole) -> int:
        usual = min(check.maximum, check.minimum + 20)
        return self.random.randint(check.minimum, self.random.choice((usual, check.maximum)))

    def seconds(self, check: Seconds) -> float:
        return self.random.choice((0.0 if check.zero else 0.5, 1.0, 2.5, 30.0, 86400.0))

    def amount(self, check: Amount) -> float:
        return self.random.choice((0.0, check.least, 50.0, 2.5, check.most))

    def part(self, _check: Part) -> float:
        return self.random.choice((0.0, 0.25, 0.5, 1.0))

    def flag(self, _check: Flag) -> bool:
        return self.random.random() < 0.5

    def several(self, check: Several) -> tuple[object, ...]:
        items = self._items(check.item)
        count = self.random.randint(check.minimum, len(items))
        return tuple(self.random.sample(items, count))

    def endpoints(self, _check: Endpoints) -> tuple[str, ...]:
        return tuple(self.random.sample(self.words.admins, self.random.randint(0, 2)))

    def members(self, check: Members) -> tuple[object, ...]:
        names = self.several(check)
        return tuple(self._member(name) for name in names)

    def _member(self, name: Any) -> object:
        return name if self.random.random() < 0.7 else MemberSettings(name, self._weight())

    def _weight(self) -> int | None:
        return self.random.choice((None, 0, 1, 3, 256))

    def _items(self, item: Check) -> tuple[object, ...]:
        words = self.words
        if isinstance(item, Choice):
            return item.words
        if isinstance(item, Pattern):
            return words.sources if item.longest > 15 else (*words.system_ids, "^a.*$", "b*")
        if isinstance(item, Reference) and item.section == "pool":
            return words.pools
        if isinstance(item, Whole):
            return tuple(number for number in _NUMBERS if number >= item.minimum)
        for kind, items in _ITEMS.items():
            if isinstance(item, kind):
                return items
        return words.ranges if isinstance(item, AddressRange) else words.smscs

    def patience(self, check: Patience) -> float:
        return self.random.choice((check.least, 0.25, check.most))

    def replicas(self, _check: Replicas) -> int | None:
        return self.random.choice((None, 0, 1, 2))

    def key_prefix(self, _check: KeyPrefix) -> str:
        return self.random.choice(("smppgate:", "other:"))

    def user(self, _check: RedisUser) -> str:
        return self.random.choice(("", "gate"))

    def choice(self, check: Choice) -> str:
        return self.random.choice(check.words)

    def secret(self, _check: Secret) -> str:
        return f"{SECRET}{self.random.randrange(10**4)}"

    def hashed(self, _check: HashedPassword) -> str | None:
        return self.random.choice((None, _HASH, _OTHER_HASH))

    def kept_password(self, _check: PasswordPlace) -> KeptPassword | None:
        password = f"{SECRET}{self.random.randrange(10**4)}"
        return self.random.choice((None, None, KeptPassword("place", password)))

    def certificate(self, _check: CertificateName) -> str:
        return self.random.choice(("", "", "acme.example", f"sha256:{'0a' * 32}"))

    def tls(self, check: Nested) -> Table | None:
        """One whose files are not read."""
        return self.random.choice((None, *_TLS[check.table]))

    def octets(self, check: Octets) -> str:
        count = self.random.randint(check.minimum, min(check.maximum, check.minimum + 4))
        return "".join(self.random.choice(_DISPUTED) for _ in range(count))

    def endpoint(self, check: Endpoint) -> str:
        if check.optional and self.random.random() < 0.5:
            return ""
        # A listener's own endpoint is its identity, and not drawn here.
        client = check.side == "client"
        return self.random.choice(self.words.clients if client else self.words.outbind_listeners)

    def name(self, _check: Name) -> str:
        # Names of tables are identities; this is the group.
        return self.random.choice(self.words.groups)

    def node(self, _check: NodeName) -> str:
        return self.random.choice(("", *self.words.nodes))

    def tag(self, _check: ShortTag) -> str:
        return self.random.choice(self.words.tags)

    def folder(self, _check: FolderPath) -> str:
        return self.random.choice(self.words.folders)

    def log_file(self, check: FilePath) -> str:
        # No two logs have one file.
        path = self.random.choice(self.words.files)
        return path if check.others or not path else f"{path}.cdr"

    def file(self, check: PrefixFile) -> NumberFile:
        prefixes = self.random.sample((b"44", b"4477", b"4420", b"47", b"1"), 3)
        pools = self.random.sample(self.words.pools, 2)
        if not check.pools:
            return NumberFile("prefixes.txt", b" " + b" ".join(sorted(prefixes)))
        lines = (pools[0].encode() + b" " + prefixes[0], pools[1].encode() + b" " + prefixes[1])
        return NumberFile("pools.txt", b"\n".join(sorted(lines)))

    def factory(self, _check: Factory) -> str:
        return self.random.choice(("", "smppgate.gate.hooks:Hooks"))

    def options(self, _check: Options) -> Document:
        return self.random.choice(({}, {"token": self.secret(Secret(0, 64))}))

    def inline(self, check: Inline) -> Document | None:
        if self.random.random() < 0.5:
            return None
        table = {f.name: self._value(f) for f in attrs.fields(check.table)}
        if "add" in table:
            table["add"] = table["add"] or "+"
        if "mask" in table:
            table["value"] = int(str(table["value"])) & int(str(table["mask"]))
        return table

    def unset(self, check: Unset) -> object:
        return None if self.random.random() < 0.7 else self._checked(check.item)

    def validity_period(self, _check: ValidityPeriod) -> str:
        return self.random.choice(("", "000001000000000R", "991231235959900+"))

    def statuses(self, _check: StatusMap) -> tuple[tuple[int, int], ...]:
        return self.random.choice(((), ((0x45, 0x58),), ((0x45, 0x08), (0x400, 0x64))))

    def percentage(self, _check: Percentage) -> float:
        return self.random.choice((0.0, 0.5, 25.0, 99.0, 100.0))

    def status(self, _check: Status) -> int | None:
        return self.random.choice((None, 0x0B, 0x45, 0x400))

    def window(self, _check: Window) -> str:
        return self.random.choice(("08:00-18:00", "22:00-06:00"))

    def zone(self, _check: Zone) -> str:
        return self.random.choice(("UTC", "Europe/Berlin"))

    def pool(self, _check: Reference) -> str:
        return self.random.choice(("", *self.words.pools))

    # The rules between values

    def _settled(self, document: Document) -> Settings:
        for section, table in SECTIONS.items():
            tables = [document[section]] if section in SINGLE else document[section]
            document[section] = [table.filled(each) for each in tables]
            if section in SINGLE:
                document[section] = document[section][0]
        _settle_admin(document["admin"])
        _settle_peers(document["peers"])
        _settle_store(document["store"])
        if document["peers"]["name"] or document["store"]["kind"] == "redis":
            document["gate"]["workers"] = 1
        _settle_smscs(document["smsc"])
        _settle_pools(document)
        pools = {pool["name"] for pool in document["pool"]}
        for esme in document["esme"]:
            _settle_esme(esme, pools)
        for route in document["route"]:
            _settle_route(route, pools, [esme["system_id"] for esme in document["esme"]])
        for rule in document["rewrite"]:
            _settle_rule(rule, document)
        return _made(document)


def _settle_admin(admin: Document) -> None:
    if not admin["user"]:
        admin["endpoint"] = tuple(e for e in admin["endpoint"] if e.startswith("unix:"))


def _settle_peers(peers: Document) -> None:
    # A place that nothing else listens in.
    peers["endpoint"] = "tcp:2790" if peers["endpoint"] or peers["name"] else ""
    if peers.get("secret_file") is not None:
        peers["secret"] = ""
    elif peers["name"] and not peers["secret"]:
        peers["secret"] = SECRET


def _settle_store(store: Document) -> None:
    if store["url"]:
        store["sentinels"] = ()
    if store["kind"] == "redis" and not (store["url"] or store["sentinels"]):
        store["url"] = _URLS[:1]
    _settle_logins(store)
    store["sentinel_master"] = store["sentinel_master"] or "master"


def _settle_logins(store: Document) -> None:
    in_url = any(url.password for url in store["url"])
    for key in PASSWORDS if in_url else ():
        store[key] = None
    for keys in (PASSWORDS, SENTINEL_PASSWORDS):
        for key in given_places(store, keys)[1:]:
            store[key] = None
    own = given_places(store, PASSWORDS)
    if not own:
        store["username"] = ""
    if not (own or given_places(store, SENTINEL_PASSWORDS)):
        store["sentinel_username"] = ""


def _settle_smscs(smscs: list[Document]) -> None:
    taken: dict[str, set[str]] = {"tag": set(), "outbind_listen": set()}
    notations: dict[str, str] = {}
    for smsc in smscs:
        for key, values in taken.items():
            if smsc[key] in values:
                smsc[key] = ""
            values.add(smsc[key])
        group = smsc["group"] or smsc["name"]
        _settle_password(smsc, SMSC_PASSWORDS)
        smsc["receipt_ids"] = notations.setdefault(group, smsc["receipt_ids"])
        smsc["reconnect_max"] = max(smsc["reconnect_min"], smsc["reconnect_max"])
        # With fewer some links wait for ever, and which of them is a matter of chance.
        if smsc["sessions_total"] < smsc["sessions"]:
            smsc["sessions_total"] = 0


def _settle_password(table: Document, keys: tuple[str, ...]) -> None:
    """One password: the last that was drawn, as the first is always there."""
    given = given_places(table, keys)
    for key in given[:-1]:
        table[key] = None
    if not given:
        table["password"] = SECRET


def _settle_pools(document: Document) -> None:
    smscs = [smsc["name"] for smsc in document["smsc"]]
    for pool in document["pool"]:
        # A name twice: of an SMSC that was removed, and of one that has its name now.
        left = set(smscs)
        for key in ("members", "backup"):
            pool[key] = tuple(_taken(pool[key], left))
        if not pool["members"]:
            pool["members"] = tuple(smscs[:1])
            pool["backup"] = tuple(e for e in pool["backup"] if name_in(e) != smscs[0])


def _taken(members: tuple[object, ...], left: set[str]) -> Iterator[object]:
    """Those that are left, each once: they are not left for others."""
    for each in members:
        name = name_in(each)
        if name in left:
            left.remove(name)
            yield each


def _renamed(member: object, old: str, new: str) -> object:
    if name_in(member) != old:
        return member
    return evolve(member, smsc=new) if isinstance(member, MemberSettings) else new


def _settle_esme(esme: Document, pools: set[str]) -> None:
    if esme["pool"] not in pools:
        esme["pool"] = ""
    if esme["system_id"] == "*":
        esme |= {"auth": "smsc", "address_ranges": (), "bind_ranges": False, "outbind": ""}
    _settle_password(esme, ESME_PASSWORDS)
    if esme["auth"] == "smsc":
        esme["queue"] = False
    if not esme["queue"]:
        esme["outbind"] = ""


def _accounts(names: Iterable[str], esmes: Collection[str]) -> Iterator[str]:
    """Those that may be there."""
    for name in names:
        if name in esmes or "*" in esmes or name.startswith("^") or name.endswith("*"):
            yield name


def _settle_route(route: Document, pools: set[str], esmes: Collection[str]) -> None:
    route["esme"] = tuple(_accounts(route["esme"], esmes))
    file = route.get("pools_file")
    if file is not None and not pools.issuperset(file.by_pool()):
        route["pools_file"] = file = None
    if file is not None:
        route |= {"pool": "", "reject": None}
    elif route.get("reject") is not None:
        route["pool"] = ""
    elif route["pool"] not in pools:
        route["pool"] = next(iter(sorted(pools)), "default")
    is_rejected = route.get("reject") is not None
    route["fallback"] = tuple(p for p in route["fallback"] if p in pools and not is_rejected)


def _settle_rule(rule: Document, document: Document) -> None:
    smscs = [smsc["name"] for smsc in document["smsc"]]
    rule["esme"] = tuple(_accounts(rule["esme"], [e["system_id"] for e in document["esme"]]))
    rule["smsc"] = tuple(name for name in rule["smsc"] if name in smscs)
    for side in ("source", "destination"):
        if rule.get(f"set_{side}_prefix") is not None:
            rule[f"set_{side}"] = None
    if all(rule.get(key) in (None, ()) for key in CHANGES):
        rule["set_data_coding"] = 8


_NUMBERS = (0, 1, 5, 8, 255)

_HASH = "$scrypt$ln=1,r=1,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA"
_OTHER_HASH = _HASH.replace("c2Fsd", "c2Fmd", 1)


def _unread(table: type[Table], **values: object) -> Table:
    """A table whose values are not checked."""
    made = table.__new__(table)
    for each in attrs.fields(table):
        object.__setattr__(made, each.name, values.get(each.name, each.default))
    return made


_TLS: dict[type[Table], tuple[Table, ...]] = {
    ListenTlsSettings: (
        _unread(ListenTlsSettings, certificate="a.pem"),
        _unread(ListenTlsSettings, certificate="a.pem", key="b.pem", min_version="1.3"),
    ),
    SmscTlsSettings: (
        _unread(SmscTlsSettings, ca="a.pem", server_name="smsc.example"),
        _unread(SmscTlsSettings, certificate="b.pem", server_name="other.example"),
    ),
    StoreTlsSettings: (
        _unread(StoreTlsSettings, ca="a.pem"),
        _unread(StoreTlsSettings, certificate="b.pem", sentinels=False),
    ),
}
_URLS = tuple(
    RedisUrl.read(text)
    for text in ("redis://127.0.0.1/0", f"rediss://gate:{SECRET}@cache:6380/2", "redis://cache/1")
)
_USERS = (AdminUserSettings("anna", _HASH), AdminUserSettings("otto", _HASH, "operator"))
_ITEMS: dict[type[Check], tuple[object, ...]] = {
    Nested: _USERS,
    Network: ("192.168.0.0/16", "10.0.0.0/8", "192.0.2.7", "2001:db8::/32"),
    TlvPattern: ("0x1400", "0x1401=01ff", "0x0427=02"),
    TlvTag: ("0x1400", "0x1401", "0x0427"),
    TlvValue: ("0x1402=01ff", "0x1403=", "0x0427=02"),
    Octets: ("WAP", "USSD", "+"),
    SentinelPlace: ("127.0.0.1:26379", "cache:26379", "[::1]:26380"),
    ServerUrl: _URLS,
    Window: ("08:00-18:00", "22:00-06:00", "00:00-24:00"),
}

_DRAWS: dict[type[Check], Callable[[_Draw, Any], object]] = {
    Factory: _Draw.factory,
    Options: _Draw.options,
    Replicas: _Draw.replicas,
    Whole: _Draw.whole,
    Patience: _Draw.patience,
    Seconds: _Draw.seconds,
    Amount: _Draw.amount,
    Part: _Draw.part,
    Flag: _Draw.flag,
    Members: _Draw.members,
    Endpoints: _Draw.endpoints,
    Several: _Draw.several,
    Choice: _Draw.choice,
    HashedPassword: _Draw.hashed,
    Secret: _Draw.secret,
    Octets: _Draw.octets,
    Endpoint: _Draw.endpoint,
    NodeName: _Draw.node,
    Name: _Draw.name,
    KeyPrefix: _Draw.key_prefix,
    RedisUser: _Draw.user,
    ShortTag: _Draw.tag,
    FilePath: _Draw.log_file,
    FolderPath: _Draw.folder,
    Reference: _Draw.pool,
    PrefixFile: _Draw.file,
    Inline: _Draw.inline,
    PasswordPlace: _Draw.kept_password,
    CertificateName: _Draw.certificate,
    Nested: _Draw.tls,
    Unset: _Draw.unset,
    ValidityPeriod: _Draw.validity_period,
    StatusMap: _Draw.statuses,
    Percentage: _Draw.percentage,
    Status: _Draw.status,
    Window: _Draw.window,
    Zone: _Draw.zone,
}
"""How a value is drawn for each kind of check; Secret before Octets, which it is a kind of."""


def secrets_of(settings: Settings) -> Iterator[str]:
    """All passwords in ``settings``."""
    for section in SECTIONS:
        found = getattr(settings, section)
        for table in (found,) if section in SINGLE else found:
            for field in attrs.fields(type(table)):
                value = getattr(table, field.name)
                if isinstance(value, KeptPassword):
                    yield value.password
                elif section == "store" and field.name == "url":
                    yield from (url.password for url in value if url.password)
                elif value and not field.repr and field.name != "password_hash":
                    yield from value.values() if isinstance(value, dict) else (value,)
