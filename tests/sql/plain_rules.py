"""The permission table restated in plain Python: which rows each user sees."""

from __future__ import annotations

from dataclasses import dataclass, field

# What a caller sees: resource, the sample or group it is about, whether the private identifier is
# there. Rows of a run are told by their group, which has one each.
Seen = set[tuple[str, int, bool]]

EVERYTHING = b"""
    select 'samples', id, private_identifier is not null from api.samples
    union all select 'sequences', sample_id, true from api.sequences
    union all select 'sample_lineages', sample_id, true from api.sample_lineages
    union all select 'sample_qc_metrics', sample_id, true from api.sample_qc_metrics
    union all select 'accessions', sample_id, true from api.accessions
    union all select 'jobs', group_id, true from api.jobs
    union all select 'phylo_runs', group_id, true from api.phylo_runs
    union all select 'job_outputs', group_id, true from api.job_outputs
    union all select 'phylo_trees', group_id, true from api.phylo_trees
    union all select 'groups', id, true from api.groups
"""
OF_SAMPLES = ("sample_lineages", "sample_qc_metrics", "accessions")
OF_RUNS = ("jobs", "phylo_runs", "job_outputs", "phylo_trees")


@dataclass(frozen=True)
class Sample:
    """A sample, reduced to what the rules depend on."""

    group: int
    is_private: bool
    is_restricted: bool = False


@dataclass
class PlainRules:
    """Roles held in groups, roles granted between groups, and samples."""

    groups: list[int]
    memberships: dict[tuple[str, int], str] = field(default_factory=dict)
    grants: dict[tuple[int, int], str] = field(default_factory=dict)
    samples: dict[int, Sample] = field(default_factory=dict)

    def held_by(self, user: str) -> dict[int, str]:
        """Return the roles of a user by group, as a new token would state them."""
        return {group: role for (member, group), role in self.memberships.items() if member == user}

    def visible(self, held: dict[int, str], *, is_operator: bool) -> Seen:
        """Return all rows that a user with these direct roles may see."""
        # The platform is a group that operators read.
        visible: Seen = {("groups", 0, True)} if is_operator else set()
        for group in self.groups:
            roles = self._roles_in(group, held)
            if is_operator or held.get(group) in ("admin", "member"):
                visible.add(("groups", group, True))
            if roles:
                visible |= {(resource, group, True) for resource in OF_RUNS}
            for sample_id, sample in self.samples.items():
                if sample.group == group:
                    visible |= self._visible_of_sample(sample_id, sample, roles)
        return visible

    def _roles_in(self, group: int, held: dict[int, str]) -> set[str]:
        """Yield the roles held directly, and those granted to a group in which any role is held."""
        direct = {held[group]} if group in held else set()
        return direct | {
            role
            for (owner, grantee), role in self.grants.items()
            if owner == group and grantee in held
        }

    @staticmethod
    def _visible_of_sample(sample_id: int, sample: Sample, roles: set[str]) -> Seen:
        """Yield every row of it for members and admins.

        For viewers no private row and no sequence.
        """
        is_full = bool(roles & {"admin", "member"})
        if not roles or ((sample.is_private or sample.is_restricted) and not is_full):
            return set()
        visible: Seen = {(resource, sample_id, True) for resource in OF_SAMPLES}
        visible.add(("samples", sample_id, is_full))
        if is_full:
            visible.add(("sequences", sample_id, True))
        return visible
