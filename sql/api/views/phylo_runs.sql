-- The error text of a failed tool may contain identifiers of private samples, so it is null for
-- viewers. samples.sql explains masked columns.
create or replace view api.phylo_runs
with (security_invoker = true)
as
select
    jobs.id,
    jobs.group_id,
    jobs.pathogen_id,
    jobs.name,
    jobs.tree_type,
    jobs.template_args,
    jobs.contextual_repository_id,
    jobs.status,
    jobs.attempt,
    jobs.software_versions,
    case
        when
            jobs.group_id = any((select authz.full_groups())::bigint[])
            then jobs.error
    end as error,
    jobs.requested_by_id,
    jobs.created_at,
    jobs.started_at,
    jobs.finished_at,
    jobs.updated_at
from aspen.jobs as jobs
where jobs.kind = 'phylo_run';

comment on view api.phylo_runs is $$Phylogenetic runs

Create a run with create_phylo_run, then poll its row by id. PATCH changes the name. DELETE removes a
run that has ended, together with its tree; its files are deleted some time later. cancel_job ends a run
that has not ended, and retry_job tries one again that did not succeed. Errors: 409 job_in_progress.$$;

comment on column api.phylo_runs.id is 'Identifier of the row';
comment on column api.phylo_runs.group_id is 'Group that owns the row; see groups in me';
comment on column api.phylo_runs.pathogen_id is 'Pathogen; see pathogens';
comment on column api.phylo_runs.name is
'Name of the run and its tree; required, 1 to 128 characters';
comment on column api.phylo_runs.tree_type is 'OVERVIEW, TARGETED or NON_CONTEXTUALIZED';
comment on column api.phylo_runs.template_args is $$Filters of the run

filter_start_date, filter_end_date, filter_pango_lineages and location_id; see create_phylo_run.$$;
comment on column api.phylo_runs.contextual_repository_id is
$$Repository from which the run takes context sequences

See public_repositories; null for none.$$;
comment on column api.phylo_runs.status is
'queued, running, succeeded, failed, cancelled or timed_out';
comment on column api.phylo_runs.attempt is 'Number of the current attempt, from 1';
comment on column api.phylo_runs.software_versions is $$Versions of the programs used, by name

{"augur": "24.3.0"}$$;
comment on column api.phylo_runs.error is $$Why the run failed, or why the system cancelled it

Null otherwise, and where the caller is a viewer.$$;
comment on column api.phylo_runs.requested_by_id is
'User who requested the run; null for a scheduled run';
comment on column api.phylo_runs.created_at is 'When it was queued';
comment on column api.phylo_runs.started_at is
'When the current attempt started; null if it has not';
comment on column api.phylo_runs.finished_at is 'When it ended; null if it has not';
comment on column api.phylo_runs.updated_at is 'When the row was last changed';

grant select, update, delete on api.phylo_runs to member;
grant select on api.phylo_runs to api_writer;
