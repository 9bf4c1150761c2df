"""What one seed decides: the settings of the gate, the models, their moods, and the times."""

from __future__ import annotations

from random import Random

from attrs import evolve, field, frozen

from tests.simulation import rewrites, routes, wire
from tests.simulation.hashes import hash_of
from tests.simulation.hooks import HOOK_TIME
from tests.simulation.moods import MOODS, of
from tests.simulation.rewrites import Rewrites

SMSC_PORT, ESME_PORT, CALLED_PORT, OUTBIND_PORT = 3000, 2775, 2800, 4000

MOST_LINKS = 3
"""That a reload may ask for, of an SMSC."""

STOP_TIMEOUT = 4.0
"""Seconds that a stop of the gate may take."""

LONGEST_STALL = 1.5
"""Seconds that a store hangs at the most, and a little more."""

_SLOW = 0.05
"""Seconds on average that a slow store takes for one write."""


@frozen(kw_only=True)
class AccountPlan:
    """An ESME's account, and how its application uses it.

    :param prefix: of the numbers that are its own; empty for none.
    :param secret: the password that SMSCs know, where they are asked about it.
    :param rates: lines of the settings that limit it.
    :param binds: the kinds of its sessions.
    :param is_called: whether it listens for the gate's outbind as well.
    :param quota: requests that it sends; ``pace``: bursts a second.
    :param receipts: the part of its messages that ask for one; ``long``: that are sent in parts.
    """

    serial: int
    system_id: str
    password: str
    secret: str = ""
    prefix: bytes = b""
    window: int = 10
    rates: tuple[str, ...] = ()
    queue: bool = False
    queue_size: int = 1000
    queries: bool = True
    pool: str = "all"
    asks_smsc: bool = False
    binds: tuple[int, ...] = (wire.BIND_TRX,)
    quota: int = 20
    pace: float = 2.0
    receipts: float = 0.7
    long: float = 0.0
    version: int = 0x34
    port: int = ESME_PORT
    is_called: bool = False
    moods: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """Where its application runs."""
        return f"10.1.0.{self.serial}"

    def some_number(self, chance: Random) -> bytes:
        """One of its numbers."""
        return (self.prefix or b"4700") + b"%05d" % chance.randrange(10**5)


@frozen(kw_only=True)
class CenterPlan:
    """A message center.

    :param ids: how it writes ids; ``notation``: how receipts have them.
    :param receipts: "both", "text" or "tlvs": where receipts have the id.
    :param messages: how many messages it sends; ``pace``: bursts a second.
    """

    name: str
    ids: str = "hex"
    notation: str = "auto"
    receipts: str = "both"
    first_id: int = 0
    messages: int = 10
    pace: float = 1.0
    deliver_window: int = 10


@frozen(kw_only=True)
class SmscPlan:
    """A door of a message center.

    :param outbind_port: of the gate's, where it asks with outbind to be bound to; 0 for none.
    :param rates: lines of the settings that limit it.
    :param sessions_total: that of the settings.
    """

    name: str
    center: str
    address: tuple[str, int]
    system_id: str = "gate"
    password: str = "pw"
    tag: str = ""
    bind: str = "transceiver"
    sessions: int = 1
    window: int = 10
    weight: int = 1
    version: str = "3.4"
    outbind_port: int = 0
    rates: tuple[str, ...] = ()
    sessions_total: int = 0
    moods: tuple[str, ...] = ()


@frozen(kw_only=True)
class StorePlan:
    """How the store is.

    :param is_real: whether it is the one on disk, its threads done inline.
    :param is_durable: whether the real one answers when the disk has what it keeps; a crash is a
        loss of power then, and not a kill.
    :param archives: chance that a return path is not read into memory at a start; with any, only
        the newest few, which it ``remembers``, stay there.
    :param at_once: whether return paths are kept at once; a crash may come amid that.
    """

    is_real: bool = False
    at_once: bool = False
    is_durable: bool = False
    delay: float = 0.0005
    stall: float = 0.0
    archives: float = 0.0
    remembers: int = 10
    failures: float = 0.0

    @property
    def looks_up(self) -> bool:
        """Whether return paths may have to be looked for on disk."""
        return self.is_real or self.archives > 0

    @property
    def is_slow(self) -> bool:
        """Whether what is asked of it may take longer than what waits for it."""
        # A real one takes half a dozen steps to close, one after the other, each of any length.
        return self.stall > 0 or (self.is_real and self.delay >= _SLOW)


@frozen(kw_only=True)
class HealthPlan:
    """What pools do about members that fail: the settings of the same names.

    :param least_retries: retries a second that are allowed in any case, in the place of the gate's
        own figure: a world has few messages.
    """

    max_errors: int = 5
    eject_time: float = 5.0
    max_ejected: float = 0.5
    slow_start: float = 5.0
    retry_on: tuple[int, ...] = (0x08, 0x14, 0x58, 0x64)
    max_attempts: int = 3
    on_link_loss: str = "answer"
    least_retries: float = 10.0


@frozen(kw_only=True)
class Plan:
    """All that one seed decides.

    :param strangers: whether there are any; ``per_address``, ``unbound`` and ``bind_rate`` are the
        limits that listeners have for them.
    :param backups: SMSCs that are so in pools that have others.
    :param weights: SMSC → its own weight in pools.
    :param hold: seconds that a message may wait for an SMSC; ``hold_octets``: memory for those.
    :param affinity_ttl: seconds that what belongs together is known; ``forgets``: whether next to
        nothing of it is.
    :param dialogues: whether subscribers and ESMEs have some.
    :param ttl: seconds that return paths and queued messages are kept, by the wall clock.
    :param active: seconds until everybody begins to behave.
    :param crashes: when the gate's process is killed; ``restarts``: when it is stopped in order.
    :param wraps: whether sequence numbers are about to wrap.
    :param crowds: whether they come upon numbers in use, as after a wrap.
    :param steps: when the wall clock is stepped, and how far.
    :param routes: as they are written; a file of prefixes takes the place of the pool of one.
    :param rewrites: rules; None where there are none.
    :param operator: the moods of who runs the gate.
    :param hook_default: what becomes of what hooks fail to decide; empty without hooks.
    :param wanted: the moods that were asked for.
    """

    seed: int
    accounts: tuple[AccountPlan, ...]
    centers: tuple[CenterPlan, ...]
    smscs: tuple[SmscPlan, ...]
    pools: dict[str, tuple[str, ...]]
    strangers: bool = False
    per_address: int = 1000
    unbound: int = 2000
    bind_rate: int = 100
    backups: tuple[str, ...] = ()
    weights: dict[str, int] = field(factory=dict)
    hash_on: str = "destination"
    balance: str = "least_outstanding"
    hold: float = 5.0
    hold_octets: int = 1 << 28
    affinity_ttl: float = 60.0
    forgets: bool = False
    dialogues: bool = False
    health: HealthPlan = field(factory=HealthPlan)
    response_timeout: float = 3.0
    enquire_link: float = 10.0
    enquire_link_timeout: float = 10.0
    inactivity: float = 60.0
    ttl: float = 300.0
    receipted_ttl: float = 240.0
    message_ids: str = "tagged"
    unmatched: str = "reject"
    weather: tuple[str, ...] = ()
    store: StorePlan = field(factory=StorePlan)
    active: float = 20.0
    crashes: tuple[float, ...] = ()
    restarts: tuple[float, ...] = ()
    wraps: bool = False
    crowds: bool = False
    steps: tuple[tuple[float, float], ...] = ()
    operator: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    rewrites: Rewrites | None = None
    hook_default: str = ""
    wanted: tuple[str, ...] = ()

    @property
    def has_hashes(self) -> bool:
        """Whether the gate knows hashes of passwords, which it compares beside all else."""
        return self.seed % 5 == 3

    @property
    def replay(self) -> str:
        """The command that runs it once more."""
        moods = " ".join(f"--mood {mood}" for mood in self.wanted)
        return f"make simulate SEED={self.seed}" + (f' ARGS="{moods}"' if moods else "")

    def passed(self, system_id: str) -> AccountPlan | None:
        """The account of that name whose binds an SMSC judges."""
        return next((a for a in self.accounts if a.asks_smsc and a.system_id == system_id), None)

    @property
    def moods(self) -> list[str]:
        """All moods of all models."""
        everyone = [*self.accounts, *self.smscs]
        return [*self.weather, *(mood for each in everyone for mood in each.moods)]


def chance(seed: int, name: str) -> Random:
    """A stream of chance: one for each purpose, so that none is moved by another."""
    return Random(f"{seed}/{name}")


def scenario(seed: int, moods: tuple[str, ...] = ()) -> Plan:
    """The plan of a seed.

    :param moods: which moods there are beside those that the seed would choose.
    """
    draw = chance(seed, "plan")
    choose = _Chooser(draw, moods)
    centers = tuple(_centers(draw))
    smscs = tuple(_smscs(draw, centers, choose))
    pools = _pools(draw, smscs)
    active = draw.uniform(6.0, 14.0)
    accounts = tuple(_accounts(draw, list(pools), choose))
    store, crashes, restarts = _store_and_ends(draw, choose, active)
    plan = Plan(
        seed=seed,
        wanted=moods,
        centers=centers,
        smscs=smscs,
        pools=pools,
        accounts=accounts,
        response_timeout=draw.choice((1.5, 3.0, 5.0)),
        enquire_link=draw.choice((0.0, 2.0, 10.0)),
        inactivity=draw.choice((0.0, 15.0, 60.0)),
        message_ids="original" if draw.random() < 0.15 and len(centers) == 1 else "tagged",
        unmatched=draw.choice(("reject", "reject", "ack")),
        weather=choose.some("weather"),
        store=store,
        crashes=crashes,
        restarts=restarts,
        active=active,
        receipted_ttl=draw.choice((20.0, 240.0)),
        wraps=choose.one("numbers_wrapping", 0.15),
        steps=_clock_steps(draw, choose, active),
        crowds=choose.one("numbers_crowded", 0.15) and not _answers_twice(smscs, accounts),
        operator=_Chooser(chance(seed, "operator's moods"), moods).some("operator"),
    )
    plan = evolve(plan, enquire_link_timeout=chance(seed, "patience").choice((1.5, 4.0, 10.0)))
    plan = _guarded(chance(seed, "strangers"), moods, plan)
    plan = _balancing(chance(seed, "balance"), moods, plan)
    plan = _holding(chance(seed, "hold"), moods, plan)
    plan = _related(chance(seed, "related"), moods, plan)
    has_dialogues = _Chooser(chance(seed, "dialogues"), moods).one("dialogues", 0.2)
    plan = evolve(plan, dialogues=has_dialogues)
    plan = _routing(chance(seed, "routes"), moods, plan)
    plan = _rewriting(chance(seed, "rewrites"), moods, plan)
    plan = _limiting(chance(seed, "rates"), moods, plan)
    plan = _ailing(chance(seed, "health"), moods, plan)
    plan = _in_runs(chance(seed, "runs"), moods, plan)
    plan = _in_bursts(chance(seed, "bursts"), moods, plan)
    plan = _hooked(chance(seed, "hooks"), moods, plan)
    return _counted(chance(seed, "slots"), moods, plan)


def _counted(draw: Random, moods: tuple[str, ...], plan: Plan) -> Plan:
    """The plan, with SMSCs that allow so many sessions in all: those that there are when all is
    well. While some are lost unnoticed, they are too few."""
    if not _Chooser(draw, moods).one("few_slots", 0.12):
        return plan
    passed = sum(len(account.binds) for account in plan.accounts if account.asks_smsc)
    fewest = MOST_LINKS + passed
    smscs = (evolve(s, sessions_total=fewest + bool(s.outbind_port)) for s in plan.smscs)
    return evolve(plan, smscs=tuple(smscs))


def _hooked(draw: Random, moods: tuple[str, ...], plan: Plan) -> Plan:
    """The plan, with hooks or without."""
    if not _Chooser(draw, moods).one("hooked", 0.12):
        return plan
    return evolve(plan, hook_default=draw.choice(("refuse", "pass")))


def _in_bursts(draw: Random, moods: tuple[str, ...], plan: Plan) -> Plan:
    """In one of three seeds SMSCs send what they have for ESMEs many at a time."""
    if not _Chooser(draw, moods).one("in_bursts", 0.33):
        return plan
    accounts = (
        evolve(each, receipts=max(0.5, each.receipts), moods=(*each.moods, "in_bursts"))
        for each in plan.accounts
    )
    centers = (
        evolve(each, messages=max(60, each.messages), deliver_window=max(10, each.deliver_window))
        for each in plan.centers
    )
    smscs = (evolve(each, moods=(*each.moods, "in_bursts")) for each in plan.smscs)
    return evolve(plan, accounts=tuple(accounts), centers=tuple(centers), smscs=tuple(smscs))


def _in_runs(draw: Random, moods: tuple[str, ...], plan: Plan) -> Plan:
    """In one of three seeds ESMEs send many messages of the plainest kind at once.

    In half of those there is room for them.
    """
    if not _Chooser(draw, moods).one("in_runs", 0.33):
        return plan
    windows = draw.choice((1, 10))
    accounts = (
        evolve(
            each,
            moods=_with(draw, each.moods, "in_runs"),
            quota=max(100, each.quota),
            window=max(windows, each.window),
        )
        for each in plan.accounts
    )
    smscs = (evolve(each, window=max(windows, each.window)) for each in plan.smscs)
    return evolve(plan, accounts=tuple(accounts), smscs=tuple(smscs))


def _limiting(draw: Random, moods: tuple[str, ...], plan: Plan) -> Plan:
    """The plan, with rates of accounts and SMSCs."""
    choose, accounts, smscs = _Chooser(draw, moods), plan.accounts, plan.smscs
    if choose.one("limited_accounts", 0.2):
        accounts = tuple(evolve(each, rates=_esme_rates(draw)) for each in accounts)
    if choose.one("limited_smscs", 0.2):
        smscs = tuple(_limited(each, draw) for each in smscs)
    return evolve(plan, accounts=accounts, smscs=smscs)


def _esme_rates(draw: Random) -> tuple[str, ...]:
    lines = [f'over_rate = "{draw.choice(("delay", "delay", "reject"))}"']
    keys = draw.choice((("rate",), ("session_rate",), ("rate", "session_rate"), ()))
    return (*lines, *_rates(draw, *keys))


def _limited(smsc: SmscPlan, draw: Random) -> SmscPlan:
    smsc = evolve(smsc, rates=_smsc_rates(draw))
    if draw.random() < 0.4:
        return smsc
    rates = (*smsc.rates, "adaptive_rate = true")
    return evolve(smsc, rates=rates, moods=(*smsc.moods, "rationing"))


def _smsc_rates(draw: Random) -> tuple[str, ...]:
    return _rates(draw, *draw.choice((("rate",), ("link_rate",), ("rate", "link_rate"), ())))


def _rates(draw: Random, *keys: str) -> tuple[str, ...]:
    lines = [f"{key} = {draw.choice((0.7, 2.0, 5.0, 20.0))}" for key in keys]
    if draw.random() < 0.5:
        lines.append(f"burst = {draw.choice((1.0, 2.5, 5.0))}")
    return tuple(lines)


def _related(draw: Random, moods: tuple[str, ...], plan: Plan) -> Plan:
    """The plan, with what belongs together."""
    if not _Chooser(draw, moods).one("long_messages", 0.3):
        return plan
    accounts = (evolve(each, long=draw.choice((0.1, 0.5))) for each in plan.accounts)
    mood = draw.choice(("", "", "throttling"))
    smscs = (evolve(s, moods=_with(draw, s.moods, mood) if mood else s.moods) for s in plan.smscs)
    operator = _with(draw, plan.operator, "holding") if draw.random() < 0.5 else plan.operator
    return evolve(
        plan,
        accounts=tuple(accounts),
        smscs=tuple(smscs),
        operator=operator,
        affinity_ttl=draw.choice((5.0, 60.0)),
        forgets=_Chooser(draw, moods).one("forgetful", 0.1),
    )


def _routing(draw: Random, moods: tuple[str, ...], plan: Plan) -> Plan:
    """The plan, with routes or without, and with another pool where there are."""
    if not _Chooser(draw, moods).one("routing", 0.3):
        return plan
    names = [smsc.name for smsc in plan.smscs if smsc.name not in plan.backups]
    some = tuple(draw.sample(names, draw.choice((1, 1, len(names)))))
    pools = {**plan.pools, "other": some}
    operator = _with(draw, plan.operator, "holding")
    found = routes.routes(draw, list(pools))
    return evolve(plan, pools=pools, routes=found, operator=operator)


def _rewriting(draw: Random, moods: tuple[str, ...], plan: Plan) -> Plan:
    """The plan, with rules or without; none is for an SMSC that an operator may take away."""
    if not _Chooser(draw, moods).one("rewriting", 0.2):
        return plan
    stay = set(plan.operator) <= {"holding", "holding_links", "kicking", "dropping"}
    doors = [each.name for each in plan.smscs] if stay else []
    return evolve(plan, rewrites=rewrites.draw(draw, doors))


def _ailing(draw: Random, moods: tuple[str, ...], plan: Plan) -> Plan:
    """The plan, with what pools do about SMSCs that fail, and some more of these."""
    plan = evolve(plan, health=_health(draw, moods))
    if not _Chooser(draw, moods).one("ailing_smscs", 0.25):
        return plan
    smscs = (evolve(each, moods=_with(draw, each.moods, "failing")) for each in plan.smscs)
    return evolve(plan, smscs=tuple(smscs))


def _health(draw: Random, moods: tuple[str, ...]) -> HealthPlan:
    choose = _Chooser(draw, moods)
    if choose.one("few_retries", 0.15):
        return HealthPlan(max_errors=0, least_retries=0.05)
    return HealthPlan(
        max_errors=draw.choice((0, 1, 1, 3, 5)),
        eject_time=draw.choice((1.0, 3.0, 10.0)),
        max_ejected=draw.choice((0.0, 0.5, 1.0)),
        slow_start=draw.choice((0.0, 2.0, 10.0)),
        retry_on=draw.choice(((0x08, 0x14, 0x58, 0x64), (0x08, 0x45), (0x58,))),
        max_attempts=draw.choice((1, 2, 3, 3)),
        on_link_loss="resubmit" if choose.one("resubmitting", 0.15) else "answer",
    )


BALANCERS = ("least_outstanding", "round_robin", "p2c", "peak_ewma", "hash")


def _guarded(draw: Random, moods: tuple[str, ...], plan: Plan) -> Plan:
    """The plan, with strangers or without, and with what they may do."""
    if not _Chooser(draw, moods).one("strangers", 0.15):
        return plan
    return evolve(
        plan,
        strangers=True,
        per_address=draw.choice((0, 3, 5)),
        unbound=draw.choice((0, 6, 15)),
        bind_rate=draw.choice((0, 1, 1, 5)),
    )


def _balancing(draw: Random, moods: tuple[str, ...], plan: Plan) -> Plan:
    """The plan, with a balancer, weights and backups, and peers that speak of congestion."""
    choose = _Chooser(draw, moods)
    balance = draw.choice(BALANCERS)
    if choose.one("hashing", 0.1):
        balance = "hash"
    names = [each.name for each in plan.smscs]
    backups: tuple[str, ...] = ()
    if choose.one("backups", 0.25) and len(names) > 1:
        backups = tuple(draw.sample(names[1:], draw.randint(1, len(names) - 1)))
    weights: dict[str, int] = {}
    if choose.one("weightless", 0.2):
        weights = {name: draw.choice((0, 1, 3)) for name in names[1:] if draw.random() < 0.7}
    plan = evolve(
        plan,
        balance=balance,
        hash_on=draw.choice(("destination", "source", "account")),
        backups=backups,
        weights=weights,
    )
    if not choose.one("telling_congestion", 0.2):
        return plan
    smscs = (evolve(each, version=draw.choice(("3.4", "5.0", "5.0"))) for each in plan.smscs)
    accounts = (evolve(each, version=draw.choice((0x34, 0x50, 0x50))) for each in plan.accounts)
    return evolve(plan, smscs=tuple(smscs), accounts=tuple(accounts))


def _holding(draw: Random, moods: tuple[str, ...], plan: Plan) -> Plan:
    """The plan, with how long messages may wait for SMSCs, in how much memory, and how often."""
    choose = _Chooser(draw, moods)
    hold = draw.choice((0.3, 1.0, 5.0, 5.0, 12.0))
    if choose.one("holding_nothing", 0.15):
        hold = 0.0
    octets = draw.choice((2000, 6000)) if choose.one("tiny_room", 0.12) else 1 << 28
    plan = evolve(plan, hold=hold, hold_octets=octets)
    if not choose.one("narrow_smscs", 0.25):
        return plan
    smscs = (
        evolve(each, window=draw.choice((1, 1, 2, 3)), moods=_with(draw, each.moods, "sluggish"))
        for each in plan.smscs
    )
    accounts = (evolve(each, moods=_with(draw, each.moods, "parting")) for each in plan.accounts)
    return evolve(plan, smscs=tuple(smscs), accounts=tuple(accounts))


def _with(draw: Random, moods: tuple[str, ...], mood: str) -> tuple[str, ...]:
    """One mood more, or not."""
    return tuple(dict.fromkeys((*moods, mood))) if draw.random() < 0.5 else moods


def _clock_steps(draw: Random, choose: _Chooser, active: float) -> tuple[tuple[float, float], ...]:
    if not choose.one("clock_stepping", 0.2):
        return ()
    return ((draw.uniform(2.0, active), draw.choice((400.0, -3600.0, 0.5, -0.5))),)


def _answers_twice(smscs: tuple[SmscPlan, ...], accounts: tuple[AccountPlan, ...]) -> bool:
    """Whether anybody answers twice: to a number that comes again at once, that answers it."""
    return any("answering_twice" in each.moods for each in (*smscs, *accounts))


@frozen
class _Chooser:
    """Chooses moods."""

    draw: Random
    wanted: tuple[str, ...]

    def some(self, *whose: str) -> tuple[str, ...]:
        """None, one or two moods of these."""
        names = of(*whose)
        wanted = [name for name in self.wanted if name in names]
        count = self.draw.choices((0, 1, 2), (35, 40, 25))[0]
        return tuple(dict.fromkeys([*wanted, *self.draw.sample(names, count)]))

    def one(self, name: str, likely: float) -> bool:
        """Whether there is that mood."""
        return self.draw.random() < likely or name in self.wanted


def _centers(draw: Random) -> list[CenterPlan]:
    count = draw.choices((1, 2, 3), (40, 40, 20))[0]
    return [_center(draw, f"c{number}") for number in range(count)]


def _center(draw: Random, name: str) -> CenterPlan:
    ids = draw.choices(("hex", "decimal", "uuid", "long"), (50, 25, 20, 5))[0]
    first = draw.randrange(1 << 31) if ids != "decimal" else draw.choice((0, 10**9))
    return CenterPlan(
        name=name,
        ids=ids,
        notation=_notation(draw, ids),
        receipts=draw.choice(("both", "text", "tlvs")),
        first_id=first,
        messages=draw.choice((0, 10, 20, 40)),
        pace=draw.choice((0.5, 2.0, 5.0)),
        deliver_window=draw.choice((1, 5, 10)),
    )


def _notation(draw: Random, ids: str) -> str:
    if ids == "decimal":
        # Small numbers could be taken for each other's in the other base.
        return "same"
    return "resp_hex" if ids == "hex" and draw.random() < 0.2 else "auto"


def _smscs(draw: Random, centers: tuple[CenterPlan, ...], choose: _Chooser) -> list[SmscPlan]:
    found: list[SmscPlan] = []
    for center in centers:
        for _ in range(draw.choices((1, 2), (80, 20))[0]):
            number = len(found)
            pair = draw.random() < 0.25
            found.append(
                SmscPlan(
                    name=f"s{number}",
                    center=center.name,
                    address=(f"10.2.0.{number + 1}", SMSC_PORT),
                    tag=f"t{number}",
                    bind="transmitter+receiver" if pair else "transceiver",
                    sessions=draw.choices((1, 2), (75, 25))[0],
                    window=draw.choice((1, 3, 10, 50)),
                    weight=draw.choice((1, 1, 2)),
                    outbind_port=OUTBIND_PORT + number if draw.random() < 0.1 else 0,
                    moods=choose.some("smsc", "both"),
                )
            )
    return found


def _pools(draw: Random, smscs: tuple[SmscPlan, ...]) -> dict[str, tuple[str, ...]]:
    names = tuple(smsc.name for smsc in smscs)
    pools = {"all": names}
    if len(names) > 1 and draw.random() < 0.4:
        pools["some"] = names[: draw.randint(1, len(names) - 1)]
    return pools


def _accounts(draw: Random, pools: list[str], choose: _Chooser) -> list[AccountPlan]:
    count = draw.choices((1, 2, 3), (25, 45, 30))[0]
    return [_account(draw, number, pools, choose) for number in range(count)]


_BINDS = (
    (wire.BIND_TRX,),
    (wire.BIND_TRX, wire.BIND_TRX),
    (wire.BIND_TX, wire.BIND_RX),
    (wire.BIND_TRX, wire.BIND_RX),
)


def _account(draw: Random, serial: int, pools: list[str], choose: _Chooser) -> AccountPlan:
    asks_smsc = draw.random() < 0.12
    has_queue = not asks_smsc and draw.random() < 0.4
    is_called = has_queue and draw.random() < 0.3
    binds = (wire.BIND_TX,) if is_called else draw.choice(_BINDS)
    return AccountPlan(
        serial=serial,
        system_id=f"e{serial}",
        password=f"p{serial}",
        secret=f"p{serial}",
        prefix=b"47%02d" % (10 + serial) if draw.random() < 0.85 else b"",
        window=draw.choice((1, 4, 10, 50)),
        queue=has_queue,
        is_called=is_called,
        queue_size=draw.choice((3, 1000)),
        queries=draw.random() < 0.8,
        pool=draw.choice(pools),
        asks_smsc=asks_smsc,
        binds=binds,
        quota=draw.choice((5, 15, 25, 60)),
        pace=draw.choice((1.0, 3.0, 10.0)),
        receipts=draw.choice((0.0, 0.7, 1.0)),
        moods=choose.some("esme", "both"),
    )


def _store_and_ends(
    draw: Random, choose: _Chooser, active: float
) -> tuple[StorePlan, tuple[float, ...], tuple[float, ...]]:
    changes: dict[str, float] = {}
    for name in choose.some("store"):
        changes.update(MOODS[name].changes)
    is_real = draw.random() < 0.1
    # A store that fails promises nothing.
    may_crash = "failures" not in changes
    crashes: tuple[float, ...] = ()
    is_durable = is_real and draw.random() < 0.5
    if choose.one("crashing", 0.7 if is_durable else 0.2) and may_crash:
        crashes = tuple(sorted(draw.uniform(2.0, active) for _ in range(draw.randint(1, 2))))
    restarts = (draw.uniform(2.0, active),) if choose.one("restarting", 0.1) else ()
    at_once = draw.random() < 0.6
    store = StorePlan(is_real=is_real, at_once=at_once, is_durable=is_durable, **changes)
    return store, crashes, restarts


def settings_text(plan: Plan) -> str:
    """The gate's configuration."""
    lines = [
        "[gate]",
        *_hook_lines(plan),
        f"response_timeout = {plan.response_timeout}",
        f"enquire_link = {plan.enquire_link}",
        f"enquire_link_timeout = {plan.enquire_link_timeout}",
        f"inactivity_timeout = {plan.inactivity}",
        "session_init_timeout = 5.0",
        f"stop_timeout = {STOP_TIMEOUT}",
        f"hold_octets = {plan.hold_octets}",
        f"affinity_ttl = {plan.affinity_ttl}",
        f'message_ids = "{plan.message_ids}"',
        f'unmatched_receipts = "{plan.unmatched}"',
        "[store]",
        f"return_path_ttl = {plan.ttl}",
        f"receipted_ttl = {plan.receipted_ttl}",
        "[[listen]]",
        f'endpoint = "tcp:{ESME_PORT}"',
        f"max_per_address = {plan.per_address}",
        f"max_unbound = {plan.unbound}",
        f"bind_rate = {plan.bind_rate}",
    ]
    for account in plan.accounts:
        lines += _account_lines(plan, account)
    for smsc in plan.smscs:
        lines += _smsc_lines(plan, smsc)
    for name, members in plan.pools.items():
        lines += ["[[pool]]", f'name = "{name}"', *_members_lines(plan, members)]
        lines += [f'balance = "{plan.balance}"', f'hash_on = "{plan.hash_on}"']
        lines.append(f"hold = {plan.hold}")
        lines += _health_lines(plan.health)
    rules = plan.rewrites.lines() if plan.rewrites is not None else []
    return "\n".join((*lines, *plan.routes, *rules))


def _hook_lines(plan: Plan) -> list[str]:
    if not plan.hook_default:
        return []
    return [
        'hooks = "tests.simulation.hooks:SimulatedHooks"',
        f"hook_options = {{ seed = {plan.seed} }}",
        f"hook_timeout = {HOOK_TIME}",
        f'hook_default = "{plan.hook_default}"',
    ]


def _members_lines(plan: Plan, names: tuple[str, ...]) -> list[str]:
    """Its first member is no backup, and has a weight."""
    backups = [name for name in names if name in plan.backups]
    tables = {
        name: f'{{ smsc = "{name}", weight = {plan.weights[name]} }}'
        if name in plan.weights
        else f'"{name}"'
        for name in names
    }
    members = ", ".join(text for name, text in tables.items() if name not in backups)
    return [
        f"members = [{members}]",
        f"backup = [{', '.join(tables[name] for name in backups)}]",
    ]


def _health_lines(health: HealthPlan) -> list[str]:
    return [
        f"max_errors = {health.max_errors}",
        f"eject_time = {health.eject_time}",
        f"max_ejected = {health.max_ejected}",
        f"slow_start = {health.slow_start}",
        f"retry_on = [{', '.join(map(str, health.retry_on))}]",
        f"max_attempts = {health.max_attempts}",
        f'on_link_loss = "{health.on_link_loss}"',
    ]


def _account_lines(plan: Plan, account: AccountPlan) -> list[str]:
    lines = ["[[esme]]", f'system_id = "{account.system_id}"', f'pool = "{account.pool}"']
    lines += [f"window = {account.window}", f"share = {account.serial + 1}"]
    lines += [f"queries = {_flag(account.queries)}", *account.rates]
    if account.asks_smsc:
        lines.append('auth = "smsc"')
    elif plan.has_hashes:
        lines.append(f'password_hash = "{hash_of(account.password)}"')
    else:
        lines.append(f'password = "{account.password}"')
    if account.prefix:
        lines.append(f'address_ranges = ["{account.prefix.decode()}*"]')
    if account.queue:
        lines += ["queue = true", f"queue_size = {account.queue_size}"]
        lines.append(f"queue_ttl = {plan.ttl}")
    if account.is_called:
        lines.append(f'outbind = "tcp:{account.host}:{CALLED_PORT}"')
        lines.append(f'outbind_password = "{account.secret}"')
    return lines


def _smsc_lines(plan: Plan, smsc: SmscPlan) -> list[str]:
    host, port = smsc.address
    center = next(center for center in plan.centers if center.name == smsc.center)
    lines = ["[[smsc]]", f'name = "{smsc.name}"', f'endpoint = "tcp:{host}:{port}"']
    lines += [f'system_id = "{smsc.system_id}"', f'password = "{smsc.password}"']
    lines += [f'tag = "{smsc.tag}"', f'group = "{smsc.center}"', f'bind = "{smsc.bind}"']
    lines += [f"sessions = {smsc.sessions}", f"window = {smsc.window}"]
    lines.append(f'interface_version = "{smsc.version}"')
    lines += [f"weight = {smsc.weight}", "reconnect_min = 0.5", "reconnect_max = 4.0"]
    lines += [f"enquire_link = {plan.enquire_link}", *smsc.rates]
    lines.append(f"sessions_total = {smsc.sessions_total}")
    lines.append(f"enquire_link_timeout = {plan.enquire_link_timeout}")
    if smsc.outbind_port:
        lines.append(f'outbind_listen = "tcp:{smsc.outbind_port}"')
        lines.append(f'outbind_password = "{smsc.password}"')
    if center.notation != "auto":
        lines.append(f'receipt_ids = "{center.notation}"')
    return lines


def _flag(value: bool) -> str:
    return "true" if value else "false"
