"""Register the trees of phylo runs: a dataset in pieces, with its nodes linked to samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg.types.json import Jsonb

from control.jobs.states import Job
from control.outputs.formats.auspice import Dataset, Draft, read_draft
from control.outputs.job_files import JobFiles
from control.outputs.kinds import Stored
from control.outputs.manifest import Submission
from control.queries import query
from control.terminal import listed

FILES = ("auspice_json",)


@dataclass(frozen=True)
class StoredTree:
    """The result for a dataset. Ambiguous tips are listed with the samples they may be."""

    tree_id: int
    tip_count: int
    linked_tip_count: int
    ambiguous_tips: Mapping[str, list[int]]

    def summary(self) -> list[str]:
        """Return what was linked and what was not, as sentences."""
        lines = [f"{self.tip_count} tips, {self.linked_tip_count} of them samples"]
        if self.ambiguous_tips:
            named = [
                f"{name!r} ({' or '.join(map(str, ids))})"
                for name, ids in self.ambiguous_tips.items()
            ]
            lines.append(f"ambiguous tips, linked to no sample: {listed(named)}")
        return lines


def register(conn: psycopg.Connection, job: Job, files: JobFiles, submission: Submission) -> Stored:
    """Read an Auspice dataset and store it as the tree of a run, replacing an earlier one."""
    with files.open("auspice_json") as file:
        draft = read_draft(file, _prefixes(conn, job))
    _stage_names(conn, draft)
    template_args = submission.resolved_template_args
    key = {"group_id": job.group_id, "job_id": job.id}
    ambiguous: dict[str, list[int]] = dict(
        conn.execute(query("outputs/link_tips"), {"job_id": job.id}).fetchall()
    )
    conn.execute(query("outputs/hold_links"))
    samples = {name for (name,) in conn.execute("select full_name from staged_links")}
    dataset = draft.cut(samples)
    _stage_tips(conn, dataset)
    tip_count = sum(tip.is_tip for tip in dataset.tips)
    tree = conn.execute(
        query("outputs/store_tree"),
        key
        | {
            "resolved_template_args": None if template_args is None else Jsonb(dict(template_args)),
            "document": dataset.document,
            "places": Jsonb(dataset.places),
            "lead_text": dataset.lead_text,
            "tip_count": tip_count,
            "linked_node_count": len(dataset.tips) - tip_count,
        },
    ).fetchone()
    assert tree is not None
    conn.execute(
        "delete from aspen.phylo_tree_tips where group_id = %s and phylo_tree_id = %s",
        [job.group_id, tree[0]],
    )
    conn.execute(query("outputs/store_tips"), {"group_id": job.group_id, "tree_id": tree[0]})
    linked = sum(tip.is_tip and tip.full_name in samples for tip in dataset.tips)
    return Stored(tree=StoredTree(tree[0], tip_count, linked, ambiguous))


def discard(conn: psycopg.Connection, job: Job) -> None:
    """Delete the tree of an attempt before a failed one."""
    conn.execute(
        "delete from aspen.phylo_trees where group_id = %s and job_id = %s", [job.group_id, job.id]
    )


def _prefixes(conn: psycopg.Connection, job: Job) -> list[str]:
    rows = conn.execute(
        "select distinct prefix from aspen.pathogen_repositories where pathogen_id = %s",
        [job.pathogen_id],
    )
    return [row[0] for row in rows]


def _stage_names(conn: psycopg.Connection, draft: Draft) -> None:
    conn.execute(query("outputs/stage_tree"))
    with (
        conn.cursor() as cursor,
        cursor.copy("copy staged_names (position, full_name) from stdin") as copy,
    ):
        for position, name in enumerate(draft.names(), start=1):
            copy.write_row((position, name))
    conn.execute("analyze staged_names")


def _stage_tips(conn: psycopg.Connection, dataset: Dataset) -> None:
    with (
        conn.cursor() as cursor,
        cursor.copy(
            "copy staged_tips (position, full_name, name, accession, segment, is_tip) from stdin"
        ) as copy,
    ):
        for position, tip in enumerate(dataset.tips, start=1):
            row = (tip.full_name, tip.name, tip.accession, tip.segment, tip.is_tip)
            copy.write_row((position, *row))
    conn.execute("analyze staged_tips")
