"""Build the tree of a phylo run: collect, draw, align, infer, export, submit."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines import tools
from pipelines.job import Job, JobError
from pipelines.phylo import genomes, metadata
from pipelines.phylo.plan import RULES, Place, Rules, closest_count, column_of, needs_context, plan
from pipelines.unpacking import opened

TREE = "tree.json"
# Genomes of samples that need no alignment.
ALIGNED = "own.aligned.fasta"
FEWEST_TIPS = 3
# Threads that share a smaller tree wait for each other most of the time.
MANY_TIPS = 200
GUIDE = "guide-of-the-alignment"
_IMAGE = "or use the image of pipelines/phylo/Dockerfile"
_DEBIAN = f"apt-get install {{}}, {_IMAGE}"


@dataclass(frozen=True)
class Tools:
    """The programs that a tree needs."""

    augur: str
    mafft: str
    tree: str

    @classmethod
    def installed(cls) -> Tools:
        """Find them all before any work is done."""
        return cls(
            tools.find(["augur"], f"make pipelines installs it, {_IMAGE}"),
            tools.find(["mafft"], _DEBIAN.format("mafft")),
            tools.find(["iqtree2", "iqtree", "FastTree", "fasttree"], _DEBIAN.format("iqtree")),
        )

    @property
    def method(self) -> str:
        """Return how Augur calls the program that infers the tree."""
        return "iqtree" if "iqtree" in Path(self.tree).name else "fasttree"

    def versions(self) -> dict[str, str]:
        """Return the version of each."""
        return {
            "augur": tools.version([self.augur, "--version"]),
            "mafft": tools.version([self.mafft, "--version"]),
            self.method: tools.version(
                [self.tree, "--version"] if self.method == "iqtree" else [self.tree]
            ),
        }


@dataclass
class Build:
    """The work on one tree, in a folder of its own."""

    folder: Path
    inputs: Mapping[str, Any]
    tools: Tools
    rules: Rules
    names: metadata.Names = field(default_factory=metadata.Names)
    # Of the samples of the job: strain by id, and the strains that were chosen.
    own: dict[int, str] = field(default_factory=dict)
    chosen: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)

    def path(self, name: str) -> Path:
        """Return the path of a file of the build."""
        return self.folder / name

    @property
    def has_context(self) -> bool:
        """Tell whether a data set takes part."""
        return needs_context(self.inputs["tree_type"]) and bool(self.inputs.get("data_set"))

    @property
    def place(self) -> Place:
        """Return where the tree is looked at from."""
        location = (self.inputs.get("resolved_template_args") or {}).get("location") or {}
        return Place(location.get("country"), location.get("division"), location.get("location"))

    def augur(self, *arguments: str | Path) -> None:
        """Run a command of Augur, which looks for the other programs by itself."""
        homes = {str(Path(tool).parent) for tool in (self.tools.mafft, self.tools.tree)}
        path = os.pathsep.join([os.environ.get("PATH", os.defpath), *sorted(homes)])
        tools.run(
            [self.tools.augur, *arguments],
            environment=dict(os.environ)
            | {
                "PATH": path,
                "AUGUR_RECURSION_LIMIT": "10000",
                # Threads of IQ-TREE that wait for each other leave the processor to others.
                "OMP_WAIT_POLICY": "passive",
            },
        )


def build_tree(job: Job) -> None:
    """Build the tree of a run, upload it and report."""
    inputs = job.inputs()
    found = Tools.installed()
    build = Build(Path.cwd(), inputs, found, RULES.get(inputs["pathogen"]["slug"], Rules()))
    is_wanted = needs_context(inputs["tree_type"]) and inputs["contextual_repository"] is not None
    if is_wanted and not build.has_context:
        raise JobError("the data set of the run was deleted: request the run again")
    job.sequences(build.path("uploaded.fasta"))
    if build.rules.is_aligned:
        job.sequences(build.path("nextclade.fasta"), is_aligned=True)
    if build.has_context:
        job.download(inputs["data_set"]["sequences_url"], build.path("context.fasta"))
        job.download(inputs["data_set"]["metadata_url"], build.path("context.tsv"))
    own_count = collect_own(build)
    if not build.has_context:
        require_tips(own_count, own_count)
    collect_metadata(build)
    root = reference(build)
    select(build, root)
    count = align_selected(build, root)
    require_tips(count, own_count)
    infer(build)
    export(build)
    job.upload(build.path(TREE), "auspice_json")
    job.report(found.versions(), resolved_template_args=inputs.get("resolved_template_args"))


def require_tips(count: int, own_count: int) -> None:
    """Fail the run if it has too few genomes for a tree."""
    if count < FEWEST_TIPS:
        raise JobError(
            f"a tree needs {FEWEST_TIPS} genomes, and the run has {count}"
            f" ({own_count} of its samples have a sequence)"
        )


def collect_own(build: Build) -> int:
    """Write the genomes of the samples under their names in the tree, and return their number."""
    taken: set[str] = set()
    for sample in build.inputs["samples"]:
        strain = metadata.strain_of(sample["public_identifier"], build.rules)
        if strain in taken:
            print(f"left out, because another sample has its name: {strain}", file=sys.stderr)
            continue
        taken.add(strain)
        build.own[sample["id"]] = strain
        if sample["is_chosen"]:
            build.chosen.add(strain)
    build.named.update(
        metadata.strain_of(public["strain"], build.rules)
        for public in build.inputs["public_sequences"]
    )

    def renamed() -> Iterator[tuple[str, bytes]]:
        for sample_id, bases in genomes.read(build.path("uploaded.fasta")):
            strain = build.own.get(int(sample_id))
            if build.rules.is_trimmed:
                bases = genomes.trimmed(bases)
            bases = bases.replace(b"-", b"")
            if strain is not None and genomes.unambiguous(bases):
                yield build.names.safe(strain), bases

    if build.rules.is_aligned:
        genomes.write(
            build.path(ALIGNED),
            (
                (build.names.safe(build.own[int(sample_id)]), bases)
                for sample_id, bases in genomes.read(build.path("nextclade.fasta"))
                if int(sample_id) in build.own
            ),
        )
    return genomes.write(build.path("own.fasta"), renamed())


def aligned_before(build: Build, length: int | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield the genomes of samples that are aligned already, if they have this length."""
    if build.path(ALIGNED).exists():
        for name, bases in genomes.read(build.path(ALIGNED)):
            if length is None or len(bases) == length:
                yield name, bases


def collect_metadata(build: Build) -> None:
    """Write one table with the samples of the job and the rows of the data set."""
    columns = (*metadata.LAYOUTS[build.rules.layout], *metadata.EXTRA)
    lengths = {name: len(bases) for name, bases in genomes.read(build.path("own.fasta"))}
    group = build.inputs["group"]["name"]
    with build.path("metadata.tsv").open("w", encoding="utf-8", newline="") as file:
        file.write(metadata.tsv_line(columns))
        for sample in build.inputs["samples"]:
            strain = build.own.get(sample["id"], "")
            name = build.names.safe(strain)
            if name in lengths:
                row = metadata.row_of_sample(sample, name, build.rules.layout, group, lengths[name])
                row |= {"source": "group", "focal": _yes(strain in build.chosen)}
                file.write(metadata.tsv_line(row.get(column, "") for column in columns))
        for strain, row in context_rows(build):
            if strain not in lengths:
                row |= {"source": "context", "focal": _yes(strain in build.named)}
                file.write(metadata.tsv_line(row.get(column, "") for column in columns))


def context_rows(build: Build) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the rows of the data set by name; the first of several with the same name."""
    if not build.has_context:
        return
    # Rows in GenBank's layout are known by their accession.
    key = "accession" if build.rules.layout == "genbank" else "strain"
    seen: set[int] = set()
    short: set[str] = set()
    if build.rules.min_length:
        short.update(
            name
            for name, bases in context_genomes(build)
            if genomes.unambiguous(bases) < build.rules.min_length
        )
    with opened(build.path("context.tsv")) as file:
        table = csv.DictReader(
            io.TextIOWrapper(file, encoding="utf-8", newline=""), delimiter="\t", restval=""
        )
        if key not in (table.fieldnames or ()):
            raise JobError(f"the metadata of the data set have no column {key}")
        for row in table:
            name = build.names.safe(metadata.strain_of(row[key], build.rules))
            if name and name not in short and hash(name) not in seen:
                seen.add(hash(name))
                yield name, {**row, "strain": name}


def context_genomes(build: Build) -> Iterator[tuple[str, bytes]]:
    """Yield the aligned sequences of the data set by name."""
    if build.has_context:
        for name, bases in genomes.read(build.path("context.fasta")):
            yield build.names.safe(metadata.strain_of(name, build.rules)), bases


def reference(build: Build) -> bytes:
    """Return what all genomes are aligned to.

    The first nearly complete sequence of the data set, else the genome with most known bases, one
    that is aligned already before the others.
    """
    best = b""
    for _, bases in context_genomes(build):
        if genomes.unambiguous(bases) > max(genomes.unambiguous(best), 0):
            best = bases
        if genomes.unambiguous(best) >= 0.99 * len(best):
            return genomes.guide(best)
    for _, bases in () if best else aligned_before(build):
        if genomes.unambiguous(bases) > genomes.unambiguous(best):
            best = bases
    if best:
        return genomes.guide(best)
    for _, bases in genomes.read(build.path("own.fasta")):
        if genomes.unambiguous(bases) > genomes.unambiguous(best):
            best = bases
    if not best:
        raise JobError("none of the samples of the run has a sequence any more")
    return best


def align(build: Build, source: Path, target: Path, root: bytes) -> None:
    """Align genomes to the reference, of whose length they then are."""
    guide, rest = build.path("guide.fasta"), build.path("unaligned.fasta")
    aligned = build.path("mafft.fasta")
    genomes.write(guide, [(GUIDE, root)])
    ready = {name for name, _ in aligned_before(build, len(root))}
    wanted = {name for name, _ in genomes.read(source)}
    if genomes.write(rest, (record for record in genomes.read(source) if record[0] not in ready)):
        with aligned.open("wb") as file:
            tools.run(
                [
                    build.tools.mafft, "--quiet", "--thread", str(_threads()), "--6merpair",
                    "--keeplength", "--addfragments", rest, guide,
                ],
                output=file,
            )  # fmt: skip
    else:
        aligned.touch()

    def records() -> Iterator[tuple[str, bytes]]:
        yield from (record for record in genomes.read(aligned) if record[0] != GUIDE)
        before = aligned_before(build, len(root))
        yield from (record for record in before if record[0] in wanted)

    genomes.write(target, records())


def select(build: Build, root: bytes) -> None:
    """Draw the genomes of the tree: write their metadata to selected.tsv."""
    tree_type = build.inputs["tree_type"]
    closest: set[str] = set()
    chosen = {build.names.safe(strain) for strain in build.chosen}
    if build.has_context and closest_count(tree_type, len(chosen)) and chosen:
        closest = _closest(build, root, chosen)
    parts = plan(tree_type, build.rules, build.place, len(chosen))
    present: set[str] = set()
    table, marked = build.path("metadata.tsv"), build.path("marked.tsv")
    with table.open(encoding="utf-8") as source, marked.open("w", encoding="utf-8") as target:
        columns = next(source).rstrip("\n").split("\t")
        target.write(metadata.tsv_line([*columns, *map(column_of, parts)]))
        for line in source:
            values = line.rstrip("\n").split("\t")
            row = dict(zip(columns, values, strict=True))
            row["is_closest"] = _yes(row["strain"] in closest)
            homes = {name for name, part in parts.items() if part.has(row)}
            present |= homes
            target.write(metadata.tsv_line([*values, *(_yes(name in homes) for name in parts)]))
    drawn = {name: part.sample(name) for name, part in parts.items() if name in present}
    if not drawn:
        raise JobError("nothing is left to draw: the samples of the run have no sequence any more")
    config = build.path("subsample.json")
    config.write_text(json.dumps({"samples": drawn}, indent=1), encoding="utf-8")
    build.augur(
        "subsample", "--config", config, "--metadata", marked, "--metadata-id-columns", "strain",
        "--seed", "1", "--output-metadata", build.path("selected.tsv"),
    )  # fmt: skip


def _closest(build: Build, root: bytes, chosen: set[str]) -> set[str]:
    focal, aligned = build.path("focal.fasta"), build.path("focal.aligned.fasta")
    own = genomes.read(build.path("own.fasta"))
    if not genomes.write(focal, (record for record in own if record[0] in chosen)):
        return set()
    align(build, focal, aligned, root)
    mutations = {genomes.mutations(bases, root) for _, bases in genomes.read(aligned)}
    known = {build.names.safe(strain) for strain in build.own.values()}
    count = closest_count(build.inputs["tree_type"], len(chosen))
    return set(
        genomes.closest(
            context_genomes(build), root, mutations, count, lambda name: name not in known
        )
    )


def align_selected(build: Build, root: bytes) -> int:
    """Write the alignment of what was drawn, and return how many genomes it has."""
    with build.path("selected.tsv").open(encoding="utf-8", newline="") as file:
        selected = {row["strain"] for row in csv.DictReader(file, delimiter="\t")}
    own, aligned = build.path("drawn.fasta"), build.path("drawn.aligned.fasta")
    records = genomes.read(build.path("own.fasta"))
    if genomes.write(own, (record for record in records if record[0] in selected)):
        align(build, own, aligned, root)
    else:
        aligned.touch()

    def all_records() -> Iterator[tuple[str, bytes]]:
        written = set()
        for source in (genomes.read(aligned), context_genomes(build)):
            for name, bases in source:
                if name in selected and name not in written and len(bases) == len(root):
                    written.add(name)
                    yield name, bases

    return genomes.write(build.path("alignment.fasta"), all_records())


def infer(build: Build) -> None:
    """Infer the tree, its dates, its mutations and the places of its ancestors."""
    alignment, table = build.path("alignment.fasta"), build.path("selected.tsv")
    present = {name for name, _ in genomes.read(alignment)}
    raw, tree = build.path("raw.nwk"), build.path("tree.nwk")
    build.augur(
        "tree", "--alignment", alignment, "--method", build.tools.method, "--output", raw,
        "--nthreads", str(_threads() if len(present) >= MANY_TIPS else 1),
    )  # fmt: skip
    refine: list[str | Path] = [
        "refine", "--tree", raw, "--alignment", alignment, "--metadata", table,
        "--metadata-id-columns", "strain", "--seed", "1", "--output-tree", tree,
        "--output-node-data", build.path("branch_lengths.json"),
    ]  # fmt: skip
    timed = ["--timetree", "--stochastic-resolve", "--no-covariance"]
    if build.rules.clock_rate is not None:
        timed += ["--clock-rate", str(build.rules.clock_rate)]
    if build.rules.root in present:
        timed += ["--root", str(build.rules.root)]
    try:
        build.augur(*refine, *timed)
    except JobError as error:
        # Samples of one day, or of one sequence, show no rate of change.
        print(f"no dates can be inferred, so the tree has none: {error}", file=sys.stderr)
        root = build.rules.root if build.rules.root in present else "mid_point"
        build.augur(*refine, "--root", str(root))
    build.augur(
        "ancestral", "--tree", tree, "--alignment", alignment, "--seed", "1",
        "--output-node-data", build.path("mutations.json"),
    )  # fmt: skip
    if columns := _varied(build, ("region", "country", "division", "location")):
        build.augur(
            "traits", "--tree", tree, "--metadata", table, "--metadata-id-columns", "strain",
            "--columns", *columns, "--output-node-data", build.path("traits.json"),
        )  # fmt: skip


def export(build: Build) -> None:
    """Write the tree as a dataset for Auspice, with the names that the samples have."""
    node_data = ["branch_lengths.json", "mutations.json", "traits.json"]
    places = ["region", "country", "division", "location"]
    colors = ["source", "focal", *places, "host", "pango_lineage", "lineage"]
    exported = build.path("exported.json")
    build.augur(
        "export", "v2", "--tree", build.path("tree.nwk"),
        "--metadata", build.path("selected.tsv"), "--metadata-id-columns", "strain",
        "--node-data", *(build.path(name) for name in node_data if build.path(name).exists()),
        "--title", build.inputs["name"], "--color-by-metadata", *_varied(build, tuple(colors)),
        "--geo-resolutions", "country", "--panels", "tree", "map", "--minify-json",
        "--output", exported,
    )  # fmt: skip
    dataset = json.loads(exported.read_text(encoding="utf-8"))
    nodes = [dataset["tree"]]
    while nodes:
        node = nodes.pop()
        node["name"] = build.names.meant.get(node["name"], node["name"])
        nodes.extend(node.get("children", ()))
    build.path(TREE).write_text(json.dumps(dataset, separators=(",", ":")), encoding="utf-8")


def _varied(build: Build, columns: tuple[str, ...]) -> list[str]:
    """Return the columns that have more than one value, of which there is something to see."""
    values: dict[str, set[str]] = {column: set() for column in columns}
    with build.path("selected.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            for column in columns:
                values[column].add(row.get(column) or "")
    return [column for column in columns if len(values[column]) > 1]


def _threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"
