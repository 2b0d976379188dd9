-- Reword comments of tables, columns and domains in plain English.
-- depends: 0002_name_the_kinds_of_jobs

comment on domain aspen.day is
'A calendar date, written YYYY-MM-DD';

comment on domain aspen.flag is
'A boolean, written true or false';

comment on domain aspen.moment is
'A point in time, written in ISO 8601: 2024-02-29T10:00:00Z';

comment on domain aspen.words is
'A text; leading and trailing white space is removed';

comment on domain aspen.words_list is
'A list of texts; leading and trailing white space of each is removed';

comment on column aspen.accessions.is_private is
'Copy of samples.is_private, kept equal by the foreign key';

comment on column aspen.aligned_sequences.sequence is
'Aligned genome in upper case: IUPAC nucleotide codes and gaps (-)';

comment on table aspen.audit_log is
'Append-only audit log of changes to tenant rows and to access';

comment on column aspen.audit_log.action is
'insert, update or delete';

comment on column aspen.audit_log.actor is
'Person who ran control, as user@host or ASPEN_OPERATOR; null for a request to the API';

comment on column aspen.audit_log.details is
'Values after a change of access and, under "before", the old values that differed; never a secret';

comment on column aspen.audit_log.group_id is
'Group of the row; null for users, credentials and keys, which belong to no group';

comment on column aspen.audit_log.role_name is
'Database role that made the change';

comment on column aspen.audit_log.row_id is
'id of the row; null if its key is not a number';

comment on column aspen.audit_log.table_name is
'Table of the row, without its schema';

comment on column aspen.audit_log.user_id is
'User whose token the request carried; null for the control plane and psql';

comment on table aspen.group_grants is
'Access to its data that one group grants to another';

comment on column aspen.group_grants.grantee_group_id is
'Group whose users receive access';

comment on column aspen.group_grants.group_id is
'Group that owns the data and grants access';

comment on column aspen.group_grants.role is
'admin, member or viewer: the role the grantee has over the data';

comment on table aspen.invitations is
'Invitations to join a group, by e-mail address';

comment on column aspen.invitations.role is
'Role the invited person gets: admin, member or viewer';

comment on column aspen.invitations.token_hash is
'SHA-256 of the mailed token';

comment on table aspen.job_outputs is
'Files that jobs wrote to S3, one per job and kind';

comment on column aspen.job_outputs.verified_at is
'When size, ETag and checksum were last compared with the object in S3';

comment on table aspen.job_public_sequences is
'Public sequences that are inputs of a job';

comment on table aspen.job_samples is
'Samples that are inputs of a job';

comment on column aspen.job_samples.group_id is
'Group that owns the job';

comment on column aspen.job_samples.public_identifier is
'Public identifier of the sample when the job was queued';

comment on column aspen.job_samples.sample_group_id is
'Group that owns the sample: the group of the job or one that granted it access';

comment on column aspen.job_samples.sample_id is
'The sample; null after it was deleted';

comment on column aspen.job_samples.sequence_revision is
'sequences.revision of the sequence the job runs on; results are skipped if the sample has another';

comment on table aspen.job_schedules is
'Jobs that a group wants to start on certain weekdays';

comment on column aspen.job_schedules.last_run_at is
'When a job was last queued by the schedule; null if never';

comment on column aspen.job_schedules.template_args is
'Filters of a phylo run, as in jobs.template_args';

comment on column aspen.job_schedules.weekdays is
'Days of the week in ISO 8601, 1 (Monday) to 7 (Sunday): {1,3,5}';

comment on table aspen.jobs is
'Compute jobs: phylogenetic runs, lineage calling, quality control';

comment on column aspen.jobs.attempt is
'Number of the current attempt, from 1';

comment on column aspen.jobs.error is
'Why the job failed or was cancelled by the system; null otherwise';

comment on column aspen.jobs.executor is
'Name of the executor that runs the job; null before it was started';

comment on column aspen.jobs.executor_handle is
'Identifier that the executor gave the job; null before it was started';

comment on column aspen.jobs.heartbeat_at is
'When the running job last reported; null if never';

comment on column aspen.jobs.kind is
'phylo_run, pangolin or nextclade';

comment on column aspen.jobs.software_versions is
'Version of each program, by name';

comment on column aspen.jobs.status is
'queued, running, succeeded, failed, cancelled or timed_out';

comment on column aspen.jobs.template_args is
'Filters of a phylo run: filter_start_date, filter_end_date, filter_pango_lineages, location_id';

comment on table aspen.lineages is
'Known lineage names of each pathogen, such as Pango designations for SC2';

comment on table aspen.locations is
'Locations: region, country, division, location, each inside the one before';

comment on column aspen.locations.path_key is
'Country, division and location in lower case, joined by U+001F; unique within a region';

comment on column aspen.locations.region_key is
'Region in lower case';

comment on table aspen.memberships is
'Roles that users hold directly in groups';

comment on column aspen.memberships.role is
'admin, member or viewer';

comment on table aspen.pathogen_repositories is
'Prefixes of strain names, one per pathogen and repository';

comment on column aspen.pathogen_repositories.prefix is
'First part of a strain name, without the slash: hCoV-19';

comment on table aspen.pathogens is
'Pathogens and the settings that differ between them';

comment on table aspen.phylo_tree_tips is
'Tips of trees and the samples they represent';

comment on column aspen.phylo_tree_tips.position is
'Position in the document, from 1';

comment on column aspen.phylo_tree_tips.accession is
'node_attrs.external_accession of the tip; null if the document has none';

comment on column aspen.phylo_tree_tips.is_tip is
'False for an inner node that carries the identifier of a sample';

comment on column aspen.phylo_tree_tips.name is
'Name of the tip without the prefix of a repository';

comment on column aspen.phylo_tree_tips.sample_id is
'Sample that the tip represents; null for a public sequence and for a deleted sample';

comment on column aspen.phylo_tree_tips.segment is
'Text of "tree" that begins with this name and ends before the name of the next row';

comment on column aspen.phylo_trees.lead_text is
'Text of "tree" before the first name in phylo_tree_tips';

comment on column aspen.phylo_trees.linked_node_count is
'Number of inner nodes that carry the identifier of a sample and so have rows in phylo_tree_tips';

comment on column aspen.phylo_trees.places is
'Distinct locations in node_attrs: {"country": […], "division": […], "location": […]}

An entry is the list of its names from the country down, such as ["Spain", "Andalusia"], with null
for a level that the node does not state. Trees registered before this form existed have bare names,
which do not state the parents.';

comment on column aspen.phylo_trees.tip_count is
'Number of tips';

comment on table aspen.public_repositories is
'Public sequence repositories, such as GISAID and GenBank';

comment on column aspen.sample_lineages.failure is
'Why the caller assigned no lineage; null if it assigned one';

comment on column aspen.sample_lineages.is_private is
'Copy of samples.is_private, kept equal by the foreign key';

comment on column aspen.sample_lineages.raw_output is
'The row that the caller wrote, as a JSON object by column';

comment on column aspen.sample_mutations.aa_substitutions is
'Amino-acid substitutions, by gene: S:D614G';

comment on column aspen.sample_mutations.is_private is
'Copy of samples.is_private, kept equal by the foreign key';

comment on column aspen.sample_mutations.substitutions is
'Nucleotide substitutions: C241T';

comment on column aspen.sample_qc_metrics.is_private is
'Copy of samples.is_private, kept equal by the foreign key';

comment on column aspen.sample_qc_metrics.raw_output is
'The row that the caller wrote, as a JSON object by column; some kilobytes';

comment on column aspen.samples.is_private is
'If true, viewers do not see the sample';

comment on column aspen.samples.private_identifier is
'Identifier that the group uses itself; viewers do not see it';

comment on column aspen.samples.public_identifier is
'Identifier shown to viewers and in files';

comment on column aspen.sequences.revision is
'Number that changes whenever the bases change; 0 for sequences stored before it existed';

comment on column aspen.sequences.sequence is
'Consensus genome in upper case: IUPAC nucleotide codes and gaps (-), at least 1,000';

comment on table aspen.share_links is
'Links to a tree or to sequences that expire and can be revoked';

comment on column aspen.share_links.has_usher_safe_ids is
'Whether sequence names are changed for UShER: other characters than A-Z a-z 0-9 . _ / - become _';

comment on column aspen.share_links.phylo_tree_id is
'Linked tree; null for sequences';

comment on column aspen.share_links.sample_ids is
'Samples whose sequences are linked; null for a tree';

comment on column aspen.share_links.token_hash is
'SHA-256 of the token in the link';

comment on table aspen.storage_credentials is
'S3 credentials that sign links to files, one row per bucket';

comment on table aspen.users is
'Users, identified by the sub claim of their tokens';

comment on column aspen.users.disabled_at is
'When the user lost access to the API; null if they have it';

comment on column aspen.users.is_operator is
'Whether tokens with the role operator are accepted';

comment on column aspen.users.subject is
'sub claim of the tokens of this user';

comment on column aspen.users.tokens_valid_after is
'Tokens issued before this time are rejected; null if all are accepted';

comment on table aspen.usher_options is
'Reference trees on which UShER can place sequences; priority 1 is shown first';
