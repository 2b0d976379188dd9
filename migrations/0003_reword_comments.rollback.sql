comment on domain aspen.day is
'A day, written YYYY-MM-DD';

comment on domain aspen.flag is
'Yes or no, written true or false';

comment on domain aspen.moment is
'A moment, written in ISO 8601';

comment on domain aspen.words is
'A text; blanks around it are not part of it';

comment on domain aspen.words_list is
'A list of texts; blanks around each are not part of it';

comment on column aspen.accessions.is_private is
null;

comment on column aspen.aligned_sequences.sequence is
null;

comment on table aspen.audit_log is
'Append-only record of every change of a tenant row and of access';

comment on column aspen.audit_log.action is
null;

comment on column aspen.audit_log.actor is
'Who ran the control plane; null for a request of the API';

comment on column aspen.audit_log.details is
'What a change of access changed: values after it and, under "before", those that differed';

comment on column aspen.audit_log.group_id is
null;

comment on column aspen.audit_log.role_name is
null;

comment on column aspen.audit_log.row_id is
null;

comment on column aspen.audit_log.table_name is
null;

comment on column aspen.audit_log.user_id is
null;

comment on table aspen.group_grants is
'Access that one group gives another over its data';

comment on column aspen.group_grants.grantee_group_id is
null;

comment on column aspen.group_grants.group_id is
null;

comment on column aspen.group_grants.role is
null;

comment on table aspen.invitations is
'Invitations into a group, by e-mail address';

comment on column aspen.invitations.role is
null;

comment on column aspen.invitations.token_hash is
null;

comment on table aspen.job_outputs is
'Files that jobs left in S3';

comment on column aspen.job_outputs.verified_at is
null;

comment on table aspen.job_public_sequences is
'Published sequences that are the input of a job';

comment on table aspen.job_samples is
'Samples that are the input of a job';

comment on column aspen.job_samples.group_id is
null;

comment on column aspen.job_samples.public_identifier is
null;

comment on column aspen.job_samples.sample_group_id is
null;

comment on column aspen.job_samples.sample_id is
null;

comment on column aspen.job_samples.sequence_revision is
'The sequence the job is for, by its revision: results are not stored once the sample has another';

comment on table aspen.job_schedules is
'Jobs that a group wants started on certain weekdays';

comment on column aspen.job_schedules.last_run_at is
null;

comment on column aspen.job_schedules.template_args is
null;

comment on column aspen.job_schedules.weekdays is
null;

comment on table aspen.jobs is
'Compute jobs: phylogenetic runs, lineage calling, QC';

comment on column aspen.jobs.attempt is
null;

comment on column aspen.jobs.error is
null;

comment on column aspen.jobs.executor is
null;

comment on column aspen.jobs.executor_handle is
null;

comment on column aspen.jobs.heartbeat_at is
null;

comment on column aspen.jobs.kind is
null;

comment on column aspen.jobs.software_versions is
null;

comment on column aspen.jobs.status is
null;

comment on column aspen.jobs.template_args is
null;

comment on table aspen.lineages is
'Known lineage names of a pathogen (Pango designations for SC2)';

comment on table aspen.locations is
'Places: region, country, division, location, each within the one before';

comment on column aspen.locations.path_key is
'Country, division and location in lower case, U+001F between them: the same in a region is one place';

comment on column aspen.locations.region_key is
'The region in lower case';

comment on table aspen.memberships is
'The role a user holds directly in a group';

comment on column aspen.memberships.role is
null;

comment on table aspen.pathogen_repositories is
'The strain-name prefix of a pathogen in a repository';

comment on column aspen.pathogen_repositories.prefix is
null;

comment on table aspen.pathogens is
'Pathogens and everything the platform does differently for each';

comment on table aspen.phylo_tree_tips is
'Tips of trees, with the sample each stands for';

comment on column aspen.phylo_tree_tips.position is
null;

comment on column aspen.phylo_tree_tips.accession is
null;

comment on column aspen.phylo_tree_tips.is_tip is
'False for an inner node that bears the identifier of a sample';

comment on column aspen.phylo_tree_tips.name is
'Name of the tip without the repository prefix';

comment on column aspen.phylo_tree_tips.sample_id is
null;

comment on column aspen.phylo_tree_tips.segment is
'The text of "tree" from this name, its first value, up to the name in the next row';

comment on column aspen.phylo_trees.lead_text is
'The text of "tree" before the first name in phylo_tree_tips';

comment on column aspen.phylo_trees.linked_node_count is
'Inner nodes that bear the identifier of a sample; they have rows in phylo_tree_tips, too';

comment on column aspen.phylo_trees.places is
'Distinct places of node_attrs: {"country": […], "division": […], "location": […]}

Each is the list of its names from the country down, ["Spain", "Andalusia"], null where the node does
not tell. A bare name, as trees have that were registered before, tells no parents.';

comment on column aspen.phylo_trees.tip_count is
null;

comment on table aspen.public_repositories is
'Public sequence repositories: GISAID, GenBank';

comment on column aspen.sample_lineages.failure is
'Why the caller named no lineage; null if it did';

comment on column aspen.sample_lineages.is_private is
null;

comment on column aspen.sample_lineages.raw_output is
null;

comment on column aspen.sample_mutations.aa_substitutions is
null;

comment on column aspen.sample_mutations.is_private is
null;

comment on column aspen.sample_mutations.substitutions is
null;

comment on column aspen.sample_qc_metrics.is_private is
null;

comment on column aspen.sample_qc_metrics.raw_output is
null;

comment on column aspen.samples.is_private is
null;

comment on column aspen.samples.private_identifier is
null;

comment on column aspen.samples.public_identifier is
null;

comment on column aspen.sequences.revision is
'Another number for each sequence a sample ever has; 0 for those of before it was counted';

comment on column aspen.sequences.sequence is
null;

comment on table aspen.share_links is
'Expiring, revocable links to a tree or to sequences';

comment on column aspen.share_links.has_usher_safe_ids is
null;

comment on column aspen.share_links.phylo_tree_id is
null;

comment on column aspen.share_links.sample_ids is
null;

comment on column aspen.share_links.token_hash is
null;

comment on table aspen.storage_credentials is
'Credentials that presigned URLs are made with, one row per bucket';

comment on table aspen.users is
'Users, known by the sub claim of their tokens';

comment on column aspen.users.disabled_at is
null;

comment on column aspen.users.is_operator is
null;

comment on column aspen.users.subject is
null;

comment on column aspen.users.tokens_valid_after is
null;

comment on table aspen.usher_options is
'Reference trees that UShER can place sequences on; priority 1 is shown first';
