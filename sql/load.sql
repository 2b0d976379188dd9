-- Contents page of the database, in the order of loading: psql -f sql/load.sql, or control migrate
-- up. Before it, an administrator runs roles.sql (once per cluster) and extensions.sql (once per
-- database).

\ir schemas.sql

-- Tables: their present form. An existing database comes here through migrations/ instead.
\ir tables/public_repositories.sql
\ir tables/pathogens.sql
\ir tables/pathogen_repositories.sql
\ir tables/locations.sql
\ir tables/lineages.sql
\ir tables/usher_options.sql
\ir tables/reference_datasets.sql
\ir tables/public_sequences.sql
\ir tables/groups.sql
\ir tables/users.sql
\ir tables/memberships.sql
\ir tables/group_grants.sql
\ir tables/invitations.sql
\ir tables/samples.sql
\ir tables/sequences.sql
\ir tables/aligned_sequences.sql
\ir tables/accessions.sql
\ir tables/sample_lineages.sql
\ir tables/sample_qc_metrics.sql
\ir tables/sample_mutations.sql
\ir tables/jobs.sql
\ir tables/job_samples.sql
\ir tables/job_public_sequences.sql
\ir tables/job_outputs.sql
\ir tables/phylo_trees.sql
\ir tables/phylo_tree_tips.sql
\ir tables/share_links.sql
\ir tables/job_schedules.sql
\ir tables/audit_log.sql
\ir tables/storage_credentials.sql

-- Everything below is code: dropped and loaded again as a whole, in one transaction, after every
-- migrate. Helpers and trigger functions.
\ir internal/fail.sql
\ir internal/text_x_fasta.sql
\ir internal/set_updated_at.sql
\ir internal/record_changes.sql
\ir internal/record_row_change.sql
\ir internal/record_group_changes.sql
\ir internal/record_access_changes.sql
\ir internal/keep_an_admin.sql
\ir internal/refuse_change.sql
\ir internal/refuse_move.sql
\ir internal/refuse_delete_of_open_job.sql
\ir internal/parse_date.sql
\ir internal/listed_problems.sql
\ir internal/first_of_many.sql
\ir internal/is_name.sql
\ir internal/are_names.sql
\ir internal/is_text.sql
\ir internal/name_problem.sql
\ir internal/names_problem.sql
\ir internal/text_problem.sql
\ir internal/sample_problems.sql
\ir internal/sequence_problem.sql
\ir internal/normalise_sequence.sql
\ir internal/refuse_sequencing.sql
\ir internal/generated_public_identifier.sql
\ir internal/complete_sample.sql
\ir internal/note_named_column.sql
\ir internal/note_sample_problems.sql
\ir internal/insert_sample.sql
\ir internal/raise_sample_problems.sql
\ir internal/update_sample.sql
\ir internal/delete_sample.sql
\ir internal/queue_sample_jobs.sql
\ir internal/sample_batch.sql
\ir internal/store_samples.sql
\ir internal/create_samples.sql
\ir internal/template_args_problems.sql
\ir internal/identifier_spellings.sql
\ir internal/match_identifiers.sql
\ir internal/match_strains.sql
\ir internal/match_tips.sql
\ir internal/place_colors.sql
\ir internal/tree_document.sql
\ir internal/tree_origin.sql
\ir internal/hmac_sha256.sql
\ir internal/uri_encode.sql
\ir internal/presigned_url.sql

-- Who is asking, and what may they see.
\ir authz/groups_claim_is_valid.sql
\ir authz/name_request.sql
\ir authz/admit_body.sql
\ir authz/admit_preferences.sql
\ir authz/identify_caller.sql
\ir authz/bound_request.sql
\ir authz/pre_request.sql
\ir authz/caller_groups.sql

-- Row-level security, grants and triggers of each table.
\ir policies/public_repositories.sql
\ir policies/pathogens.sql
\ir policies/pathogen_repositories.sql
\ir policies/locations.sql
\ir policies/lineages.sql
\ir policies/usher_options.sql
\ir policies/reference_datasets.sql
\ir policies/public_sequences.sql
\ir policies/groups.sql
\ir policies/users.sql
\ir policies/memberships.sql
\ir policies/group_grants.sql
\ir policies/invitations.sql
\ir policies/samples.sql
\ir policies/sequences.sql
\ir policies/aligned_sequences.sql
\ir policies/accessions.sql
\ir policies/sample_lineages.sql
\ir policies/sample_qc_metrics.sql
\ir policies/sample_mutations.sql
\ir policies/jobs.sql
\ir policies/job_samples.sql
\ir policies/job_public_sequences.sql
\ir policies/job_outputs.sql
\ir policies/phylo_trees.sql
\ir policies/phylo_tree_tips.sql
\ir policies/share_links.sql
\ir policies/job_schedules.sql
\ir policies/audit_log.sql
\ir policies/storage_credentials.sql

-- Resources.
\ir api/views/me.sql
\ir api/views/groups.sql
\ir api/views/pathogens.sql
\ir api/views/locations.sql
\ir api/views/lineages.sql
\ir api/views/public_repositories.sql
\ir api/views/samples.sql
\ir api/views/sequences.sql
\ir api/views/accessions.sql
\ir api/views/sample_lineages.sql
\ir api/views/sample_qc_metrics.sql
\ir api/views/jobs.sql
\ir api/views/job_outputs.sql
\ir api/views/phylo_runs.sql
\ir api/views/phylo_trees.sql

-- Functions. The two helpers speak of rows of resources, so they come after them.
\ir internal/create_phylo_run.sql
\ir internal/fasta.sql
\ir api/functions/sequences_fasta.sql
\ir api/any_media_type.sql
\ir api/functions/raw_output.sql
\ir api/functions/health.sql
\ir api/functions/create_samples.sql
\ir api/functions/create_phylo_run.sql
\ir api/functions/phylo_tree.sql
\ir api/functions/output_url.sql
