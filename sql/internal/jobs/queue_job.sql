create or replace function internal.queue_job(
    group_id bigint,
    pathogen_id bigint,
    kind text,
    requested_by_id bigint default null,
    name text default null,
    tree_type text default null,
    template_args jsonb default null,
    contextual_repository_id bigint default null,
    public_repository_id bigint default null
)
returns bigint
language sql
volatile
security invoker
set search_path = ''
as $$
    insert into aspen.jobs (
        group_id, pathogen_id, kind, requested_by_id, name, tree_type, template_args,
        contextual_repository_id, public_repository_id, turn
    )
    values (
        queue_job.group_id, queue_job.pathogen_id, queue_job.kind, queue_job.requested_by_id,
        queue_job.name, queue_job.tree_type, queue_job.template_args,
        queue_job.contextual_repository_id, queue_job.public_repository_id,
        internal.next_turn(queue_job.group_id)
    )
    returning jobs.id;
$$;

comment on function internal.queue_job(
    bigint, bigint, text, bigint, text, text, jsonb, bigint, bigint
) is $$Queue a job and return its id

name to contextual_repository_id are for phylo_run alone, public_repository_id for jobs of the
platform. Whoever calls it records the inputs in the same transaction.$$;

revoke all on function internal.queue_job(
    bigint, bigint, text, bigint, text, text, jsonb, bigint, bigint
) from public;
grant execute on function internal.queue_job(
    bigint, bigint, text, bigint, text, text, jsonb, bigint, bigint
) to api_writer, results_keeper, control;
