"""Trust policies: C2SP tlog-policy."""

from __future__ import annotations

from dataclasses import replace

import pytest

from indelible.errors import FormatError, SignatureError
from indelible.formats.checkpoint import Checkpoint
from indelible.formats.note import Note, NoteSignature
from indelible.formats.policy_lines import MAX_POLICY_BYTES
from indelible.formats.policy_members import Group, LogKey, Witness
from indelible.formats.tlog_policy import Policy
from indelible.merkle import EMPTY_ROOT
from tests.properties import c2sp
from tests.unit.formats import cast

LOG = cast.log().verifier
W1, W2, PQ = cast.witness(1).verifier, cast.witness(2).verifier, cast.ml_dsa_44_witness().verifier
TEXT = Checkpoint(origin=cast.ORIGIN, size=0, root=EMPTY_ROOT).text()

EXAMPLE = f"""\
# One log, three witnesses of two operators.
log {LOG.vkey} https://log.example/

witness X1 {W1.vkey}
\twitness  X2\t{W2.vkey}\x20\x20
group X-witnesses 1 X1 X2
  # Another operator.
witness Y1 {PQ.vkey} https://witness.example/
group X-and-Y all X-witnesses Y1
quorum X-and-Y
"""


def signed(*signatures: NoteSignature) -> bytes:
    return Note(TEXT, (cast.log().sign(TEXT), *signatures)).encode()


def witness_lines(count: int) -> str:
    cosigners = (c2sp.ed25519_cosigner(f"w{number}", number) for number in range(count))
    return "".join(f"witness W{number} {one.verifier.vkey}\n" for number, one in enumerate(cosigners))


def test_policy_reads_logs_witnesses_groups_and_quorum() -> None:
    """Comments, empty lines and white space aside, every line has its meaning."""
    assert Policy.parse(EXAMPLE.encode()) == Policy(
        logs=(LogKey(LOG, "https://log.example/"),),
        witnesses=(Witness("X1", W1), Witness("X2", W2), Witness("Y1", PQ, "https://witness.example/")),
        groups=(Group("X-witnesses", 1, ("X1", "X2")), Group("X-and-Y", 2, ("X-witnesses", "Y1"))),
        quorum="X-and-Y",
    )


def test_policy_writes_what_it_reads_back() -> None:
    """The policy is the same, in its plainest spelling."""
    policy = Policy.parse(EXAMPLE.encode())
    assert Policy.parse(policy.encode()) == policy
    assert b"\ngroup X-and-Y all X-witnesses Y1\nquorum X-and-Y\n" in policy.encode()
    assert policy.encode().startswith(f"log {LOG.vkey} https://log.example/\nwitness X1 ".encode())


def test_policy_any_and_all_are_thresholds() -> None:
    """``any`` is 1, ``all`` is as many as there are."""
    text = f"{witness_lines(6)}group A any W0 W1\ngroup B all W2 W3\ngroup C 2 W4 W5\nquorum none\n"
    assert [group.threshold for group in Policy.parse(text.encode()).groups] == [1, 2, 2]


@pytest.mark.parametrize(
    "lines",
    [
        "",
        f"log {LOG.vkey}\n",
        "quorum none\nquorum none\n",
        "quorum none",
        "quorum none\r\n",
        "quorum none\n\x00",
        "quorum none\x7f\n",
        "quorum\n",
        "quorum none none\n",
        "quorum missing\n",
        "Quorum none\n",
        "log\nquorum none\n",
        "log not-a-key\nquorum none\n",
        f"log {LOG.vkey} url more\nquorum none\n",
        f"log {LOG.vkey}\nlog {LOG.vkey}\nquorum none\n",
        f"witness W {LOG.vkey}\nquorum W\n",
        f"witness none {W1.vkey}\nquorum none\n",
        f"witness W {W1.vkey}\nwitness W {W2.vkey}\nquorum W\n",
        f"witness W {W1.vkey}\nwitness V {W1.vkey}\nquorum W\n",
        f"witness W {W1.vkey}\ngroup W any W\nquorum W\n",
        f"witness W {W1.vkey}\ngroup none any W\nquorum none\n",
        f"witness W {W1.vkey}\ngroup G any\nquorum G\n",
        f"witness W {W1.vkey}\ngroup G 0 W\nquorum G\n",
        f"witness W {W1.vkey}\ngroup G 2 W\nquorum G\n",
        f"witness W {W1.vkey}\ngroup G 01 W\nquorum G\n",
        f"witness W {W1.vkey}\ngroup G most W\nquorum G\n",
        f"witness W {W1.vkey}\ngroup G any W W\nquorum G\n",
        f"witness W {W1.vkey}\ngroup G any W\ngroup H any W\nquorum G\n",
        f"witness W {W1.vkey}\ngroup G any G\nquorum G\n",
        f"witness W {W1.vkey}\ngroup G any none\nquorum G\n",
        f"group G any W\nwitness W {W1.vkey}\nquorum G\n",
        f"quorum W\nwitness W {W1.vkey}\n",
        f"witness W {W1.vkey.replace('194de6d0', '00000000')}\nquorum W\n",
    ],
)
def test_policy_refuses_what_breaks_a_rule(lines: str) -> None:
    """Duplicate keys and names, members not defined before or twice, thresholds out of range, more or fewer quorums."""
    with pytest.raises(FormatError):
        Policy.parse(lines.encode())


def test_policy_refuses_one_key_under_two_names() -> None:
    """Keys are duplicates when the public key is the same, whatever name, type and ID they bear."""
    renamed = replace(W1, name="another.example/name")
    with pytest.raises(FormatError, match="listed twice"):
        Policy(logs=(), witnesses=(Witness("A", W1), Witness("B", renamed)))
    with pytest.raises(FormatError, match="listed twice"):
        Policy(logs=(LogKey(LOG), LogKey(replace(LOG, name="another.example/name"))))


def test_policy_error_names_the_line() -> None:
    """Whoever edits the file finds the place."""
    with pytest.raises(FormatError, match="line 3: G is not the name"):
        Policy.parse(b"# comment\n\nquorum G\n")
    with pytest.raises(FormatError, match="line 2: a policy has no control"):
        Policy.parse(b"quorum none\n\x0b\n")


def test_policy_names_are_octets() -> None:
    """A K and a Kelvin sign are different names, a name need not be UTF-8, and none of it changes in writing."""
    lines = b"witness K %b\nwitness \xe2\x84\xaa %b\ngroup \xff all K \xe2\x84\xaa\nquorum \xff\n"
    data = lines % (W1.vkey.encode(), W2.vkey.encode())
    policy = Policy.parse(data)
    assert policy.encode() == data
    assert len({witness.name for witness in policy.witnesses}) == 2


@pytest.mark.parametrize("name", ["", "a b", "a\tb", "a\nb", "\x7f", "\ud800"])
def test_policy_cannot_hold_names_that_could_not_be_read(name: str) -> None:
    """A name is one field of a line."""
    with pytest.raises(FormatError):
        Policy(logs=(), witnesses=(Witness(name, W1),))
    with pytest.raises(FormatError):
        Policy(logs=(LogKey(LOG, name),))


def test_policy_supports_many_of_everything() -> None:
    """Forty logs, witnesses and groups are within the limits; a megabyte is not."""
    logs = "".join(f"log {c2sp.note_signer(f'log{n}', n).verifier.vkey}\n" for n in range(40))
    groups = "group G0 any W0\n" + "".join(f"group G{n} all G{n - 1} W{n}\n" for n in range(1, 40))
    policy = Policy.parse(f"{logs}{witness_lines(40)}{groups}quorum G39\n".encode())
    assert (len(policy.logs), len(policy.witnesses), len(policy.groups)) == (40, 40, 40)
    with pytest.raises(FormatError, match="at most"):
        Policy.parse(b"#" * MAX_POLICY_BYTES + b"\n")


def test_for_log_demands_both_signatures() -> None:
    """A log's own policy is met by both of its keys together, and by neither alone."""
    policy = Policy.for_log(LOG.vkey, PQ.vkey)
    ml_dsa_44 = cast.ml_dsa_44_witness().sign(TEXT, cast.TIME)
    result = policy.check(signed(ml_dsa_44))
    assert result.log_keys == (LOG,)
    assert [one.timestamp for one in result.witnesses] == [cast.TIME]
    with pytest.raises(SignatureError, match="cosigned by nobody"):
        policy.check(signed())
    with pytest.raises(SignatureError, match="no log key"):
        policy.check(Note(TEXT, (ml_dsa_44,)))
    assert Policy.parse(policy.encode()) == policy


def test_for_log_takes_one_key_or_several() -> None:
    """Without a cosigner only the log's signature is demanded; of several cosigners, all."""
    assert Policy.for_log(LOG.vkey).check(signed()).quorum_met
    every = Policy.for_log(LOG.vkey, W1.vkey, PQ.vkey)
    one, two = cast.witness().sign(TEXT, cast.TIME), cast.ml_dsa_44_witness().sign(TEXT, cast.TIME)
    assert len(every.check(signed(one, two)).witnesses) == 2
    for alone in (one, two):
        with pytest.raises(SignatureError, match="quorum"):
            every.check(signed(alone))


@pytest.mark.parametrize(
    ("cosigners", "met"),
    [((), False), ((1,), False), ((1, 2), False), ((1, 3), True), ((2, 3), True), ((3,), False), ((1, 2, 3), True)],
)
def test_policy_quorum_is_counted_through_groups(cosigners: tuple[int, ...], met: bool) -> None:
    """One of X1 and X2, and Y1: evaluate reports, check refuses."""
    policy = Policy.parse(EXAMPLE.encode())
    signatures = {
        1: cast.witness(1).sign(TEXT, cast.TIME),
        2: cast.witness(2).sign(TEXT, cast.TIME),
        3: cast.ml_dsa_44_witness().sign(TEXT, cast.TIME),
    }
    note = signed(*(signatures[number] for number in cosigners))
    result = policy.evaluate(note)
    assert result.quorum_met is met
    assert len(result.witnesses) == len(cosigners)
    if met:
        assert policy.check(note) == result
    else:
        with pytest.raises(SignatureError, match="the quorum X-and-Y is not met"):
            policy.check(note)


def test_policy_counts_keys_not_lines() -> None:
    """One witness that signs twice does not make a quorum of two."""
    text = f"log {LOG.vkey}\nwitness A {W1.vkey}\nwitness B {W2.vkey}\ngroup G all A B\nquorum G\n"
    first, again = cast.witness(1).sign(TEXT, 1), cast.witness(1).sign(TEXT, 2)
    result = Policy.parse(text.encode()).evaluate(signed(first, again))
    assert [one.witness.name for one in result.witnesses] == ["A"]
    assert not result.quorum_met


def test_policy_believes_a_log_for_its_own_origin_only() -> None:
    """A listed log's key under a checkpoint of another listed log's origin counts for nothing."""
    other = cast.log("other ed25519")
    policy = Policy(logs=(LogKey(LOG), LogKey(other.verifier)))
    foreign = Note(TEXT, (other.sign(TEXT),))
    with pytest.raises(SignatureError, match=f"no log key of the policy for {cast.ORIGIN}"):
        policy.check(foreign)
    assert policy.check(foreign.with_signatures([cast.log().sign(TEXT)])).log_keys == (LOG,)


def test_policy_refuses_wrong_signatures_of_listed_keys() -> None:
    """Even of a witness that the quorum does not need."""
    policy = Policy(logs=(LogKey(LOG),), witnesses=(Witness("A", W1),))
    with pytest.raises(SignatureError, match="does not verify"):
        policy.check(signed(NoteSignature(W1.name, W1.key_id, bytes(72))))


def test_policy_without_logs_accepts_nothing() -> None:
    """Who believes no log cannot verify a checkpoint."""
    with pytest.raises(SignatureError):
        Policy(logs=()).check(signed())


def test_policy_refuses_notes_that_are_no_checkpoints() -> None:
    """A log's signature under some other text is not a checkpoint."""
    with pytest.raises(FormatError):
        Policy.for_log(LOG.vkey).check(Note("text\n", (cast.log().sign("text\n"),)))
