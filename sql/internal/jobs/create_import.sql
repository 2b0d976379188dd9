-- definer because members have no insert privilege on jobs; row-level security holds for api_writer
-- too. What the requester may do is asked again when the job runs.
create or replace function internal.create_import(
    group_id bigint,
    pathogen text,
    metadata_upload_id bigint,
    sequences_upload_id bigint,
    on_conflict text,
    is_private boolean,
    incomplete_dates text,
    is_sequence_optional boolean,
    private_identifier_column text,
    public_identifier_column text,
    strain_prefix text
)
returns setof api.jobs
language plpgsql
rows 1
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    pathogen_row aspen.pathogens;
    problems json;
    unknown bigint;
    import_id bigint;
begin
    perform authz.require_member(
        create_import.group_id, 'You cannot create samples in this group');
    pathogen_row := internal.pathogen_of(create_import.pathogen);
    select json_agg(json_build_object('field', found.field, 'value', left(found.value, 200),
        'reason', found.reason))
    into problems
    from (
        values
        ('metadata_upload_id', null, case
            when create_import.metadata_upload_id is null then 'is required'
        end),
        ('sequences_upload_id', create_import.sequences_upload_id::text, case
            when create_import.sequences_upload_id = create_import.metadata_upload_id
                then 'must be another file than the metadata'
            when create_import.sequences_upload_id is null
                and create_import.is_sequence_optional is not true
                then 'is required unless is_sequence_optional'
        end),
        ('on_conflict', create_import.on_conflict, case
            when coalesce(create_import.on_conflict, '') not in ('error', 'skip', 'update')
                then 'must be error, skip or update'
        end),
        ('incomplete_dates', create_import.incomplete_dates, case
            when coalesce(create_import.incomplete_dates, '') not in ('reject', 'first-day')
                then 'must be reject or first-day'
        end),
        ('private_identifier_column', create_import.private_identifier_column,
            internal.column_name_problem(create_import.private_identifier_column)),
        ('public_identifier_column', create_import.public_identifier_column,
            internal.column_name_problem(create_import.public_identifier_column)),
        ('strain_prefix', create_import.strain_prefix, case
            when coalesce(create_import.strain_prefix, '') not in ('keep', 'remove')
                then 'must be keep or remove'
        end)
    ) as found(field, value, reason)
    where found.reason is not null;
    if problems is not null then
        perform internal.fail(400, 'invalid_argument', 'The import is described wrongly',
            problems::text);
    end if;

    select given.id into unknown
    from unnest(array[create_import.metadata_upload_id, create_import.sequences_upload_id])
        as given(id)
    where
        given.id is not null
        and not exists (
            select from aspen.uploads as uploads
            where
                uploads.id = given.id
                and uploads.group_id = create_import.group_id
                and uploads.expires_at > now()
        )
    limit 1;
    if unknown is not null then
        perform internal.fail(404, 'upload_not_found', 'There is no such upload',
            json_build_object('id', unknown)::text, 'Look it up in uploads.');
    end if;

    import_id := internal.queue_job(
        create_import.group_id, pathogen_row.id, 'import', authz.caller_id()
    );
    update aspen.jobs as jobs
    set arguments = jsonb_build_object(
        'metadata_upload_id', create_import.metadata_upload_id,
        'sequences_upload_id', create_import.sequences_upload_id,
        'on_conflict', create_import.on_conflict,
        'is_private', create_import.is_private is true,
        'incomplete_dates', create_import.incomplete_dates,
        'is_sequence_optional', create_import.is_sequence_optional is true,
        'private_identifier_column', create_import.private_identifier_column,
        'public_identifier_column', create_import.public_identifier_column,
        'strain_prefix', create_import.strain_prefix
    )
    where jobs.id = import_id;
    return query select jobs.* from api.jobs as jobs where jobs.id = import_id;
end
$$;

comment on function internal.create_import(
    bigint, text, bigint, bigint, text, boolean, text, boolean, text, text, text
) is 'Queue an import for api.create_import, as api_writer';

revoke all on function internal.create_import(
    bigint, text, bigint, bigint, text, boolean, text, boolean, text, text, text
) from public;
grant execute on function internal.create_import(
    bigint, text, bigint, bigint, text, boolean, text, boolean, text, text, text
) to member;
