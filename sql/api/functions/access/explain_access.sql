create or replace function api.explain_access(
    resource text,
    id bigint,
    user_id bigint default null
)
returns table (step text, outcome text, explanation text)
language sql
stable
security invoker
rows 10
begin atomic
    select
        explained.step,
        explained.outcome,
        explained.explanation
    from authz.explain_access(
        internal.trimmed(explain_access.resource), explain_access.id, explain_access.user_id
    ) as explained;
end;

comment on function api.explain_access(text, bigint, bigint) is
$$Why somebody sees a row, or does not

resource: samples, sequences, accessions, sample_lineages, sample_qc_metrics, sample_mutations, jobs,
job_outputs, phylo_runs, phylo_trees, share_links, uploads, import_problems, job_inputs, submissions,
submission_files, submission_samples, job_schedules or changes. id: a row of a group where you are directly
admin; operators, any row. user_id: a member of that group, or of one to which it grants, or granted,
access; operators, any user; without it, you. Returns what decided, in order: step (user, token, operator,
membership, grant, sample, rule, verdict), outcome (allows, denies or note; of the verdict visible or
hidden) and an explanation in words. The verdict is what row-level security answers for a token that names
no groups. Errors: 400 invalid_argument; 404 row_not_found, user_not_found.$$;

revoke all on function api.explain_access(text, bigint, bigint) from public;
grant execute on function api.explain_access(text, bigint, bigint) to member;
