-- Contents page of the database, in the order of loading: psql -f sql/load.sql, or control migrate
-- up. Before it, an administrator runs roles.sql (once per cluster) and extensions.sql (once per
-- database).

\ir schemas.sql

-- Domains and tables: their present form. An existing database comes here through migrations/
-- instead.
\ir domains/amount.sql
\ir domains/day.sql
\ir domains/flag.sql
\ir domains/key.sql
\ir domains/moment.sql
\ir domains/words.sql
\ir domains/words_list.sql
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
\ir tables/job_kinds.sql
\ir tables/job_output_kinds.sql
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
-- migrate. First what everything else asks: who is calling, what may they do, and how to refuse.
\ir internal/fail.sql
\ir authz/fail.sql
\ir authz/caller_id.sql
\ir authz/any_groups.sql
\ir authz/full_groups.sql
\ir authz/member_groups.sql
\ir authz/admin_groups.sql
\ir authz/require_member.sql

-- Helpers and trigger functions.
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
\ir internal/trimmed.sql
\ir internal/cell_text.sql
\ir internal/parse_date.sql
\ir internal/parse_moment.sql
\ir internal/parse_integer.sql
\ir internal/parse_number.sql
\ir internal/parse_boolean.sql
\ir internal/parse_words_list.sql
\ir internal/note_bad_value.sql
\ir internal/noted_problems.sql
\ir internal/merged_problems.sql
\ir internal/listed_problems.sql
\ir internal/first_of_many.sql
\ir internal/note_problems.sql
\ir internal/raise_problems.sql
\ir internal/refuse_noted_values.sql
\ir internal/check_values.sql
\ir internal/is_name.sql
\ir internal/are_names.sql
\ir internal/is_text.sql
\ir internal/name_problem.sql
\ir internal/names_problem.sql
\ir internal/text_problem.sql
\ir internal/sample_problems.sql
\ir internal/sequence_problem.sql
\ir internal/normalise_sequence.sql
\ir internal/check_sequence.sql
\ir internal/job_transitions.sql
\ir internal/job_statuses_before.sql
\ir internal/queue_job.sql
\ir internal/move_job.sql
\ir internal/cancel_jobs.sql
\ir internal/cancel_jobs_without_input.sql
\ir internal/note_sequence_revision.sql
\ir internal/note_lost_input.sql
\ir internal/end_empty_jobs.sql
\ir internal/sequence_revisions.sql
\ir internal/renew_results.sql
\ir internal/renew_results_of_sequences.sql
\ir internal/renew_results_of_sample.sql
\ir internal/generated_public_identifier.sql
\ir internal/complete_sample.sql
\ir internal/note_named_column.sql
\ir internal/note_sample_problems.sql
\ir internal/insert_sample.sql
\ir internal/raise_sample_problems.sql
\ir internal/write_samples.sql
\ir internal/update_sample.sql
\ir internal/delete_sample.sql
\ir internal/is_like.sql
\ir internal/sample_batch.sql
\ir internal/store_samples.sql
\ir internal/create_samples.sql
\ir internal/usual_template_args.sql
\ir internal/template_args_problems.sql
\ir internal/identifier_spellings.sql
\ir internal/match_identifiers.sql
\ir internal/match_strains.sql
\ir internal/match_tips.sql
\ir internal/tidy_name.sql
\ir internal/place_path.sql
\ir internal/tidy_location.sql
\ir internal/place_colors.sql
\ir internal/tree_document.sql
\ir internal/tree_origin.sql
\ir internal/hmac_sha256.sql
\ir internal/uri_encode.sql
\ir internal/presigned_url.sql

-- What comes before every request.
\ir authz/only_group.sql
\ir authz/is_viewer_nowhere.sql
\ir authz/groups_claim_is_valid.sql
\ir authz/name_request.sql
\ir authz/admit_body.sql
\ir authz/admit_preferences.sql
\ir authz/identify_caller.sql
\ir authz/note_plan.sql
\ir authz/bound_request.sql
\ir authz/pre_request.sql
\ir authz/caller_groups.sql

-- How a cell of a request and a filter of a URL are read.
\ir authz/written_day.sql
\ir authz/sought_day.sql
\ir authz/written_moment.sql
\ir authz/sought_moment.sql
\ir authz/written_flag.sql
\ir authz/sought_flag.sql
\ir authz/written_key.sql
\ir authz/written_amount.sql
\ir authz/written_words.sql
\ir authz/written_words_list.sql

-- Who may do what: grants and policies of each table.
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
\ir policies/job_kinds.sql
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

-- Triggers that only some tables have.
\ir triggers/pathogens.sql
\ir triggers/locations.sql
\ir triggers/lineages.sql
\ir triggers/public_repositories.sql
\ir triggers/groups.sql
\ir triggers/users.sql
\ir triggers/memberships.sql
\ir triggers/samples.sql
\ir triggers/sequences.sql
\ir triggers/jobs.sql
\ir triggers/job_samples.sql
\ir triggers/audit_log.sql

-- What every table of a shape has: row-level security, fences, audit and updated_at triggers.
\ir structure.sql

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

-- Functions. The three helpers speak of rows of resources, so they come after them.
\ir internal/create_phylo_run.sql
\ir internal/cancel_job.sql
\ir internal/fasta.sql
\ir api/functions/sequences_fasta.sql
\ir api/any_media_type.sql
\ir api/functions/raw_output.sql
\ir api/functions/health.sql
\ir api/functions/create_samples.sql
\ir api/functions/create_phylo_run.sql
\ir api/functions/cancel_job.sql
\ir api/functions/phylo_tree.sql
\ir api/functions/output_url.sql

-- Definer functions: which role each runs as.
\ir owners.sql
