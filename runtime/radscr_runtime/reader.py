"""The walk: one radiograph in, one grounded report out, one line a stage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

from radscr_edge.claims import Profile
from radscr_edge.contract import Bundle, Variant
from radscr_edge.imaging import DecodingWorker, load_radiograph
from radscr_edge.records import Provenance, Radiograph, Report
from radscr_runtime.aggregate import Evidences, aggregate
from radscr_runtime.classify import classify
from radscr_runtime.critique import critique
from radscr_runtime.decoders.choose import in_order, open_decoder
from radscr_runtime.decoders.decoder import Decoder, OnText, unheard
from radscr_runtime.donors import Donors, open_donors
from radscr_runtime.encode import encode
from radscr_runtime.library import Library, open_library
from radscr_runtime.localise import localise
from radscr_runtime.networks import OnnxNetworks, open_networks
from radscr_runtime.options import Options
from radscr_runtime.propose import Scene, propose
from radscr_runtime.recheck import recheck
from radscr_runtime.retrieve import retrieve
from radscr_runtime.site import at_site
from radscr_runtime.timing import stage


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads studies with one bundle; open it once, read many, close it."""

    bundle: Bundle
    worker: DecodingWorker
    networks: OnnxNetworks
    library: Library
    donors: Donors
    decoder: Decoder
    provenance: Provenance
    variant: Variant
    """The rules of the network in use, with the thresholds of the site where there are any."""
    profile: Profile
    advice: bool
    """Whether reports end with follow-up advice."""

    @classmethod
    def open(cls, folder: Path | str, options: Options | None = None) -> Reader:
        """A reader for the bundle in `folder`.

        Raises BundleError where the bundle is damaged or this machine cannot compute it.
        """
        options = options or Options()
        worker = DecodingWorker(options.decoding_seconds, options.decoding_memory_mb)
        try:
            return _open(Bundle.open(folder), worker, options)
        except BaseException:
            worker.close()
            raise

    def read(self, study: Path | str, on_text: OnText = unheard) -> Report:
        """The report of one study; StudyError with its cause where there can be none.

        `on_text` hears a fluent text while it is written and not yet checked; it may raise
        StopWriting, which leaves the report with its sentences.
        """
        evidences = self._look(study)
        return self._compose(self.decoder, evidences, on_text)

    def tiers(self, study: Path | str, on_text: OnText = unheard) -> Iterator[Report]:
        """The report as the rules alone compose it, and again once Phi has had its say.

        Each is complete, the last is what `read` returns. Without a Phi there is but one.
        """
        evidences = self._look(study)
        for decoder in in_order(self.decoder):
            yield self._compose(decoder, evidences, on_text)

    def _look(self, study: Path | str) -> Evidences:
        """The walk up to its last stage."""
        self.decoder.begin()
        settings, rules = self.bundle.settings, self.variant.rules
        radiograph = load(Path(study).absolute(), self.worker)
        grid = encode(self.networks, radiograph)
        hypotheses = classify(grid, self.variant, self.profile)
        places = localise(grid, hypotheses, radiograph, settings)
        scene = Scene(radiograph, grid, hypotheses, places)
        proposals = propose(self.networks, scene, self.donors, settings.alternatives)
        challenges = critique(proposals, settings)
        findings = retrieve(self.library, challenges, settings, rules)
        missed = recheck(self.library, proposals.c_neg, hypotheses, settings)
        return Evidences(radiograph, hypotheses, findings, missed)

    def _compose(self, decoder: Decoder, evidences: Evidences, on_text: OnText) -> Report:
        """Its last stage, by one decoder."""
        composition = aggregate(decoder, self.library, evidences, self.advice, on_text)
        return Report(
            evidences.radiograph,
            evidences.hypotheses,
            evidences.findings,
            evidences.missed,
            composition,
            self.provenance,
        )

    def cancel(self) -> None:
        """From any thread: the reading under way ends without what Phi has not answered yet."""
        self.decoder.cancel()

    def close(self) -> None:
        """Ends the decoding worker and frees the decoder."""
        self.worker.close()
        self.decoder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@stage
def load(study: Path, worker: DecodingWorker) -> Radiograph:
    """Stage 0: the study's file -> an upright frontal radiograph, decoded in the worker."""
    return load_radiograph(study, worker)


def _open(bundle: Bundle, worker: DecodingWorker, options: Options) -> Reader:
    networks, odd_processor = open_networks(bundle, options.variant, options.threads)
    variant, on_site = at_site(bundle, networks.variant)
    library = open_library(bundle)
    decoder, no_decoder = open_decoder(bundle, options)
    remarks = (odd_processor, on_site, *library.remarks, no_decoder)
    provenance = Provenance(
        package_version=version("radscr-edge"),
        bundle_name=bundle.name,
        bundle_digest=bundle.digest,
        network_variant=networks.variant.name,
        search=library.search.name,
        profile=options.profile,
        remarks=tuple(remark for remark in remarks if remark),
    )
    return Reader(
        bundle=bundle,
        worker=worker,
        networks=networks,
        library=library,
        donors=open_donors(bundle),
        decoder=decoder,
        variant=variant,
        profile=options.profile,
        provenance=provenance,
        advice=options.advice,
    )
