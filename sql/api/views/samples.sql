-- private_identifier is masked for viewers. A view with a masked column is not automatically
-- updatable, so triggers write through it. The mask is an outer join and not a "case": a filter on
-- private_identifier turns it into an inner join, which uses an index. Most callers are members of
-- all groups they see, or viewers of one: for them the planner removes the join. In a plan that was
-- made for a member, the policies of samples let only samples of groups through where the caller is
-- one. The outer join compares no groups: the planner would then merge the rows of a group by it,
-- each with each.

create or replace view api.samples
with (security_invoker = true)
as
select
    samples.id,
    samples.group_id,
    samples.pathogen_id,
    samples.uploaded_by_id,
    samples.location_id,
    samples.is_private,
    (
        case authz.planned_for()
            when 'member of one group' then samples.private_identifier
            when 'member of all groups' then samples.private_identifier
            when 'viewer of one group' then null
            else named.private_identifier
        end
    )::aspen.words as private_identifier,
    samples.public_identifier::aspen.words as public_identifier,
    samples.collection_date,
    samples.sample_collected_by::aspen.words as sample_collected_by,
    samples.sample_collector_contact_email::aspen.words as sample_collector_contact_email,
    samples.sample_collector_contact_address::aspen.words as sample_collector_contact_address,
    samples.authors::aspen.words_list as authors,
    samples.organism::aspen.words as organism,
    samples.host::aspen.words as host,
    samples.purpose_of_sampling::aspen.words as purpose_of_sampling,
    samples.specimen_processing::aspen.words as specimen_processing,
    samples.created_at,
    samples.updated_at,
    samples.restricted_until,
    samples.disclosed_at
from aspen.samples as samples
left join aspen.samples as named
    on
        samples.id = named.id
        and case
            when authz.planned_for() is null then named.group_id = any(authz.full_groups())
            else
                named.group_id = any(
                    nullif(current_setting('aspen.full_groups', true), '')::bigint[]
                )
        end;

alter view api.samples alter column is_private set default false;

alter view api.samples alter column authors set default '{}';

comment on view api.samples is $$Samples of all groups that the caller may see

Members and admins of a group, by a direct role or a grant, see all of its samples. Viewers see the
samples that are neither private nor restricted, and no private identifiers.

Texts are one line. Free texts have at most 1,000 characters; authors are at most 1,000 names of 250
characters, together 20,000. Identifiers and names contain no invisible characters and do not begin
with =, +, - or @; free texts do not begin with = or @, nor with + or - unless they are a number.

A POST inserts one sample or many, as JSON or CSV, at most 10,000 rows: either all rows are stored or
none, and the error lists every problem. To upsert, use create_samples. Errors: 400
invalid_sample, 400 read_only_column, 403 group_access_denied, 409 sample_exists, 413
batch_too_large, group_limit_exceeded.$$;

comment on column api.samples.id is 'Identifier of the row';
comment on column api.samples.group_id is 'Group that owns the sample; required; cannot be changed';
comment on column api.samples.pathogen_id is 'Pathogen; see pathogens; required';
comment on column api.samples.uploaded_by_id is
'User who uploaded it, null if unknown; set by the server';
comment on column api.samples.location_id is 'Location of collection; see locations; required';
comment on column api.samples.is_private is
'True if only members and admins see the sample; default false';
comment on column api.samples.private_identifier is $$Identifier that the group uses itself

Required; 1 to 128 characters, unique in the group. Null where the caller is a viewer.$$;
comment on column api.samples.public_identifier is $$Identifier shown to viewers and used in files

1 to 128 characters, unique in the group. If empty, one is generated:
{prefix}/{country}/{group prefix}-{id}/{year}.$$;
comment on column api.samples.collection_date is 'Day of collection, 1900-01-01 to today; required';
comment on column api.samples.sample_collected_by is
$$Person or laboratory that collected it; null if unknown

Of a new sample that names none, the submitting_lab of the group, or its name.$$;
comment on column api.samples.sample_collector_contact_email is
'E-mail address of the collector; null if unknown';
comment on column api.samples.sample_collector_contact_address is
$$Postal address of the collector; null if unknown

Of a new sample that names none, the address of the group.$$;
comment on column api.samples.authors is $$Names of the authors, in order

["A. Author", "B. Author"], in CSV {"A. Author","B. Author"}. Of a new sample that names none, the name
of the group.$$;
comment on column api.samples.organism is $$Scientific name of the pathogen; null if not stated

Of a new sample that states none, the organism of the pathogen.$$;
comment on column api.samples.host is $$Host organism: Homo sapiens; null if unknown

Of a new sample that states none, the host of the pathogen.$$;
comment on column api.samples.purpose_of_sampling is 'Reason for sampling; null if unknown';
comment on column api.samples.specimen_processing is
'How the specimen was processed; null if unknown';
comment on column api.samples.created_at is 'When the sample was uploaded';
comment on column api.samples.updated_at is 'When the sample was last changed';
comment on column api.samples.restricted_until is
$$Day from which viewers see the sample; null if it is not restricted

1900-01-01 to ten years from today. The day begins at 00:00 UTC. Before it, only members and admins see
the sample and all that belongs to it; then viewers do as well, unless it is private.$$;
comment on column api.samples.disclosed_at is $$From when viewers see the sample; set by the server

The beginning of restricted_until; of other samples the year 1900, of private ones 9999.$$;

grant select, insert, update, delete on api.samples to member;

create or replace trigger samples_insert
instead of insert on api.samples
for each row
execute function internal.insert_sample();

-- Runs before samples_raise_problems, because of its name.
create or replace trigger samples_insert_noted
after insert on api.samples
for each statement
execute function internal.insert_sample();

create or replace trigger samples_raise_problems
after insert on api.samples
for each statement
execute function internal.raise_sample_problems();

-- Runs after the trigger above, because of its name.
create or replace trigger samples_refuse_noted_values
after insert or update on api.samples
for each statement
execute function internal.refuse_noted_values();

-- One for each column that api_writer may change, named samples_name_<column>.
do $$
declare
    column_name text;
begin
    for column_name in
        select columns.attname
        from pg_catalog.pg_attribute as columns
        where columns.attrelid = 'api.samples'::pg_catalog.regclass
            and columns.attnum > 0
            and pg_catalog.has_column_privilege(
                'api_writer', 'aspen.samples', columns.attname::text, 'update')
            and columns.attname <> 'updated_at'
        order by columns.attnum
    loop
        execute pg_catalog.format(
            'create or replace trigger samples_name_%1$s'
            ' before update of %1$I on api.samples'
            ' for each statement execute function internal.note_named_column(%1$L)',
            column_name
        );
    end loop;
end
$$;

-- Runs before the triggers that write, because of its name.
create or replace trigger samples_bound_affected_rows
instead of update or delete on api.samples
for each row
execute function internal.bound_affected_rows();

create or replace trigger samples_update
instead of update on api.samples
for each row
execute function internal.update_sample();

-- Runs before samples_forget_names, because of its name.
create or replace trigger samples_change_noted
after update on api.samples
for each statement
execute function internal.update_sample();

create or replace trigger samples_forget_names
after update on api.samples
for each statement
execute function internal.note_named_column();

create or replace trigger samples_end_empty_jobs
after delete on api.samples
for each statement
execute function internal.end_empty_jobs();

create or replace trigger samples_delete
instead of delete on api.samples
for each row
execute function internal.delete_sample();

create or replace trigger samples_delete_noted
after delete on api.samples
for each statement
execute function internal.delete_sample();
