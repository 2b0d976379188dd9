-- Gives every definer function to the role whose rights it is to have; docs/architecture.md says
-- what each role is for. A definer function that is missing here is refused by the safety rule
-- definer_functions_belong_to_definer_roles. A second run changes nothing.
do $$
declare
    owned record;
begin
    for owned in
        select
            owners.role_name,
            names.name as function_name,
            pg_catalog.to_regproc(names.name)::pg_catalog.oid as oid,
            functions.prosecdef as is_definer,
            functions.pronamespace::pg_catalog.regnamespace::text as schema_name
        from (
            values
                ('claims_reader', array[
                    'authz.admit_request', 'authz.caller_groups', 'authz.current_setting',
                    'authz.fellow', 'authz.grant_party', 'authz.may_share', 'authz.named_group',
                    'authz.named_user', 'authz.open_link', 'authz.user_access',
                    'internal.keep_an_admin', 'internal.kept_answer', 'internal.tree_origin'
                ]),
                ('api_writer', array[
                    'internal.cancel_job', 'internal.check_sequence', 'internal.check_values',
                    'internal.complete_sample', 'internal.complete_schedule',
                    'internal.create_export', 'internal.create_import',
                    'internal.create_phylo_run', 'internal.create_samples',
                    'internal.create_upload', 'internal.create_webhook',
                    'internal.delete_sample', 'internal.delete_samples',
                    'internal.export_qc_metrics', 'internal.export_sequences',
                    'internal.grant_access', 'internal.insert_sample',
                    'internal.normalise_sequence', 'internal.place_colors',
                    'internal.raise_problems', 'internal.raise_sample_problems',
                    'internal.refuse_noted_values', 'internal.replay_webhook', 'internal.restore_samples',
                    'internal.retry_job',
                    'internal.revoke_machine_token',
                    'internal.revoke_share_link', 'internal.rotate_webhook_secret',
                    'internal.samples_as_of',
                    'internal.samples_left_out', 'internal.share_phylo_tree',
                    'internal.share_sequences', 'internal.shared_phylo_tree',
                    'internal.shared_sequences', 'internal.submission_template',
                    'internal.tidy_location', 'internal.update_sample', 'internal.update_samples',
                    'internal.upload_links', 'internal.validate_sample_identifiers'
                ]),
                ('auditor', array[
                    'internal.history_start', 'internal.record_access_changes',
                    'internal.record_changes', 'internal.record_group_changes',
                    'internal.record_row_change', 'internal.record_sequence_change'
                ]),
                ('job_runner', array[
                    'internal.claim_job_inputs', 'internal.job_sequences',
                    'internal.job_upload_url', 'internal.report_job'
                ]),
                ('observer', array['internal.metrics']),
                ('presigner', array['internal.newest_bucket', 'internal.presigned_url']),
                ('registrar', array[
                    'internal.accept_invitation', 'internal.invite_members',
                    'internal.revoke_invitation'
                ]),
                ('results_keeper', array[
                    'internal.end_empty_jobs', 'internal.keep_job_limit',
                    'internal.keep_output_limit', 'internal.keep_sample_limit',
                    'internal.keep_sequence_limit', 'internal.keep_upload_limit',
                    'internal.note_events', 'internal.note_lost_input',
                    'internal.note_sequence_revision', 'internal.queue_job_prunes',
                    'internal.queue_object_prune', 'internal.queue_object_prunes',
                    'internal.queue_upload_prunes',
                    'internal.renew_results_of_sample', 'internal.renew_results_of_sequences', 'internal.requeue_job',
                    'internal.sequence_revisions'
                ])
        ) as owners (role_name, function_names)
        cross join lateral pg_catalog.unnest(owners.function_names) as names (name)
        left join pg_catalog.pg_proc as functions
            on functions.oid = pg_catalog.to_regproc(names.name)
        where functions.proowner is distinct from owners.role_name::pg_catalog.regrole
            or not functions.prosecdef
        order by names.name
    loop
        if owned.is_definer is not true then
            raise exception 'sql/owners.sql lists %, which is no definer function',
                owned.function_name;
        end if;
        -- An owner needs the right to create in the schema while it becomes one.
        execute pg_catalog.format(
            'grant create on schema %1$I to %2$I;'
            ' alter function %3$s owner to %2$I;'
            ' revoke create on schema %1$I from %2$I',
            owned.schema_name, owned.role_name, owned.oid::pg_catalog.regprocedure
        );
    end loop;
end
$$;
