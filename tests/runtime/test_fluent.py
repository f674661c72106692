"""The fluent decoder: prose beside a complete report where it passes, else a reason."""

import json
import re
import shutil
from dataclasses import dataclass, field, replace

import pytest
from jsonschema import Draft202012Validator
from stand_ins import Oracle

from radscr_edge.contract import Bundle
from radscr_edge.errors import DecoderError
from radscr_edge.prose import Prose
from radscr_edge.records import Missed, Polarity
from radscr_edge.sentences import load_sentences
from radscr_edge.wording import Role
from radscr_runtime import Options, Reader
from radscr_runtime.aggregate import Evidences, aggregate
from radscr_runtime.decoders.choose import open_decoder
from radscr_runtime.decoders.decoder import Hearer
from radscr_runtime.decoders.fluent import FREE, FluentDecoder
from radscr_runtime.decoders.joints import joints_of
from radscr_runtime.decoders.prose_command import try_and_record
from radscr_runtime.decoders.prose_site import check_offered, rates_path, save_rate
from radscr_runtime.decoders.prose_trial import Trial, trial_lists, try_prose
from radscr_runtime.decoders.site import SHIPPED
from radscr_runtime.decoders.writing import ENDLESS
from radscr_runtime.outputs import to_html, to_record, to_text
from radscr_runtime.outputs.schema import report_schema
from radscr_runtime.outputs.words import load_words
from radscr_runtime.saved_report import load_report
from radscr_runtime.verify import verify


@dataclass
class Author(Oracle):
    """Joins whatever may be joined, or writes what it was given."""

    text: str = ""
    orders: list = field(default_factory=list)

    def write(self, order, hearer):
        self.orders.append(order)
        pieces = [self.text] if self.text else joined_pieces(order.steps)
        for piece in pieces:
            hearer.on_text(piece)
        return "".join(pieces)


def joined_pieces(steps):
    pieces, before = [], False
    for options in steps:
        pieces.append(options[0] if before else options[-1])
        before = pieces[-1] != options[0]
    return pieces


@dataclass
class Broken(Oracle):
    """Fails as it is told to."""

    problem: BaseException = None

    def write(self, order, hearer):
        raise self.problem


class Mute(Author):
    """Cannot decide."""

    def log_odds(self, prompts):
        raise DecoderError("Phi is gone.")


@pytest.fixture(scope="module")
def reading(busy_bundle, samples):
    """The library and the evidences of a film, and its report without a model."""
    with Reader.open(busy_bundle, Options(decoder="plain")) as reader:
        report = reader.read(samples / "effusion.dcm")
    evidences = Evidences(report.radiograph, report.hypotheses, report.findings, report.missed)
    return reader.library, evidences, report


def composed(reading, phi, **changes):
    library, evidences, _ = reading
    return aggregate(FluentDecoder(phi, **changes), library, evidences)


def verbatim(reading, odds=1.0):
    library, evidences, _ = reading
    return aggregate(FluentDecoder(Broken(odds, problem=DecoderError("."))), library, evidences)


@pytest.fixture(scope="module")
def joined(reading):
    """A report whose prose joins all that may be joined in pairs."""
    return replace(reading[2], composition=composed(reading, Author(1.0)))


def told_of(composition):
    return [one for one in composition.lines if one.section == "findings"]


def test_prose_stands_beside_the_verbatim_lines(reading, joined):
    composition = joined.composition

    assert composition.decoder == "fluent"
    assert composition.remark == ""
    assert composition.lines == verbatim(reading).lines
    named = [name for clause in composition.prose.clauses for name in clause.sentence_ids]
    assert named == [one.sentence_id for one in told_of(composition)]
    assert any(len(one.sentence_ids) == 2 for one in composition.prose.clauses)


def test_prose_that_fails_the_check_gives_way_to_the_sentences_with_the_reason(reading):
    composition = composed(reading, Author(1.0, text="The lungs show a cavity."))

    assert (composition.prose, composition.decoder) == (None, "judge")
    assert composition.lines == verbatim(reading).lines
    assert composition.remark.startswith("No fluent text. Its sentence 'The lungs show a cavity.'")
    assert composition.remark.endswith("The findings stand sentence by sentence.")


def test_a_judge_that_fails_is_followed_by_no_prose(reading):
    library, evidences, _ = reading
    hedge = next(
        one
        for one in load_sentences(Role.FINDING)
        if (one.finding, one.polarity) == ("costophrenic angle blunting", Polarity.UNCERTAIN)
    )
    phi = Mute(1.0)

    composition = aggregate(
        FluentDecoder(phi), library, replace(evidences, missed=(Missed(hedge, 0.5, 0.3),))
    )

    assert (composition.decoder, composition.prose, phi.orders) == ("plain", None, [])
    assert composition.remark == "Phi is gone. The plain decoder decided instead."


def test_phi_is_not_asked_where_no_joint_is_open():
    phi = Author(1.0)
    told = next(one for one in trial_lists() if not any(x[1:] for x in joints_of(one)))

    prose = FluentDecoder(phi).write(told, Hearer())

    assert prose.text == " ".join(one.text for one in told)
    assert phi.orders == []


def test_free_prose_is_ordered_without_pieces():
    phi = Author(1.0, text=" ".join(one.text for one in trial_lists()[0]))

    FluentDecoder(phi, FREE).write(trial_lists()[0], Hearer())

    (order,) = phi.orders
    assert order.steps == ()
    assert trial_lists()[0][0].text in order.opening


def test_every_form_of_the_report_shows_the_prose(joined):
    record = to_record(joined)
    text, page = " ".join(to_text(record).split()), to_html(record, joined.radiograph)

    assert list(Draft202012Validator(report_schema()).iter_errors(record)) == []
    assert joined.composition.prose.text in text
    for clause in record["composition"]["prose"]:
        assert clause["text"].replace("'", "&#x27;") in page


def test_the_text_keeps_the_warnings_of_every_sentence(joined):
    text = " ".join(to_text(to_record(joined)).split())

    assert "tortuous aorta [" in text
    assert "not validated" in text


def test_another_language_shows_the_sentences_and_says_why(joined):
    record = to_record(joined, language="fr")
    text = " ".join(to_text(record).split())

    assert joined.composition.prose.text not in text
    assert load_words("fr").say("report", "english_prose") in text


def faults(record, bundle, folder):
    path = folder / "report.json"
    path.write_text(json.dumps(record), encoding="utf-8")
    return [str(one) for one in verify(load_report(path), Bundle.open(bundle))]


def test_prose_is_verified_with_the_report(joined, busy_bundle, tmp_path):
    assert faults(to_record(joined), busy_bundle, tmp_path) == []


def test_altered_prose_is_named(joined, busy_bundle, tmp_path):
    record = to_record(joined)
    record["composition"]["prose"][0]["text"] = "All is well."

    (fault,) = faults(record, busy_bundle, tmp_path)

    assert "composition.prose" in fault
    assert "'All is well.'" in fault


def test_prose_with_ids_of_other_sentences_is_named(joined, busy_bundle, tmp_path):
    record = to_record(joined)
    clauses = record["composition"]["prose"]
    clauses[0]["sentence_ids"], clauses[1]["sentence_ids"] = (
        clauses[1]["sentence_ids"],
        clauses[0]["sentence_ids"],
    )

    (fault,) = faults(record, busy_bundle, tmp_path)

    assert "came from others than it names" in fault


def test_a_trial_counts_the_lists_that_fall_back():
    worst = try_prose(FluentDecoder(Author(1.0, text="The lungs show a cavity."), FREE).write)
    joining = try_prose(FluentDecoder(Author(1.0)).write)

    assert (worst.fallen, worst.joints) == (len(trial_lists()), ())
    assert joining.fallen == 0
    assert {name for name, _ in joining.joints} == {"; ", ", and "}


@pytest.mark.parametrize(
    "said",
    [
        "Phi was stopped before it was done.",
        "Phi did not write within 600 s and was stopped. Give it more time (--budget-s).",
        "Phi needs 4000 MB of memory; 900 MB may be used.",
    ],
)
def test_what_is_no_fault_of_the_text_ends_the_trial(said):
    phi = Broken(1.0, problem=DecoderError(said))

    with pytest.raises(DecoderError, match=re.escape(said)):
        try_prose(FluentDecoder(phi, FREE).write)


def test_a_trial_that_was_ended_is_not_recorded(own):
    with pytest.raises(DecoderError, match="Phi needs"):
        list(try_and_record(own, SHIPPED, Options(memory_limit_mb=32)))
    assert not rates_path(own).exists()


def test_a_text_without_an_end_falls_back():
    phi = Broken(1.0, problem=DecoderError(f"{ENDLESS} 300 tokens."))

    assert try_prose(FluentDecoder(phi, FREE).write).fallen == len(trial_lists())


@pytest.fixture
def own(bundle_folder, tmp_path):
    return Bundle.open(shutil.copytree(bundle_folder, tmp_path / "bundle"))


def trial(fallen):
    return Trial(20, ("why",) * fallen, ())


@pytest.mark.parametrize(("fallen", "offered"), [(0, True), (10, True), (11, False), (20, False)])
def test_prose_is_offered_up_to_one_half_of_fall_backs(own, fallen, offered):
    save_rate(own, "a" * 64, "joined", trial(fallen))

    if offered:
        check_offered(own, "a" * 64, "joined", "mine")
    else:
        with pytest.raises(DecoderError, match=f"{fallen} of 20 texts did not pass"):
            check_offered(own, "a" * 64, "joined", "mine")


@pytest.mark.parametrize(("fitting", "offered"), [(16, True), (15, True), (14, False)])
def test_prose_is_offered_where_three_of_four_joints_are_as_they_should_be(own, fitting, offered):
    save_rate(own, "a" * 64, "joined", Trial(20, (), (("; ", 20),), fitting))

    if offered:
        check_offered(own, "a" * 64, "joined", "mine")
    else:
        with pytest.raises(DecoderError, match="14 of 20 joints were what should stand there"):
            check_offered(own, "a" * 64, "joined", "mine")


def test_a_trial_counts_the_joints_that_are_as_they_should_be():
    class Wanting(Author):
        def write(self, order, hearer):
            sentences = {one.text: one.polarity for one in load_sentences(Role.FINDING)}
            told = order.opening.splitlines()[1:-1]
            assert all(one in sentences for one in told)
            return super().write(order, hearer)

    joining = try_prose(FluentDecoder(Wanting(1.0)).write)

    assert 0 < joining.fitting < joining.choices
    assert joining.choices == sum(count for _, count in joining.joints)


def test_a_later_trial_counts_and_another_mode_does_not(own):
    save_rate(own, "a" * 64, "joined", trial(20))
    save_rate(own, "a" * 64, "joined", trial(1))
    save_rate(own, "a" * 64, "free", trial(20))

    check_offered(own, "a" * 64, "joined", "mine")
    with pytest.raises(DecoderError, match="was not tried"):
        check_offered(own, "b" * 64, "joined", "other")


def test_trials_that_were_altered_by_hand_are_refused(own):
    save_rate(own, "a" * 64, "joined", trial(20))
    path = rates_path(own)
    path.write_text(path.read_text().replace('"fallen": 20', '"fallen": 0'))

    with pytest.raises(DecoderError, match="damaged or was altered"):
        check_offered(own, "a" * 64, "joined", "mine")


def test_an_unknown_mode_of_prose_is_refused(own):
    with pytest.raises(DecoderError, match="no mode of prose"):
        open_decoder(own, Options(decoder="fluent", prose="purple"))


def test_prose_is_its_clauses_in_one_line():
    assert Prose(()).text == ""
