-- The masked column keeps PostgreSQL from updating through this view by itself, so triggers do.
-- The mask is an outer join and not a "case", so that a filter on a private identifier makes it an
-- inner one and reaches an index. For a caller who is a viewer nowhere the planner drops both join
-- and mask; what it took for granted is asked again by the "where" when the plan runs, once.

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
        case
            when authz.is_viewer_nowhere() then samples.private_identifier
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
    samples.updated_at
from aspen.samples as samples
left join aspen.samples as named
    on
        samples.id = named.id
        and named.group_id = any(nullif(current_setting('aspen.full_groups', true), '')::bigint[])
where
    authz.is_viewer_nowhere() is not true
    -- Never: to PostgreSQL 15 the condition is then one on samples, and the join can be dropped.
    or samples.group_id is null
    or (
        select settings.seen = settings.full_ones
        from (
            values (
                current_setting('aspen.any_groups', true),
                current_setting('aspen.full_groups', true)
            )
        ) as settings (seen, full_ones)
    );

alter view api.samples alter column is_private set default false;

alter view api.samples alter column authors set default '{}';

comment on view api.samples is $$Samples of all groups the caller may see

Members and admins see all samples of their groups and of groups that granted them access; viewers
see those that are not private, without private identifiers. Free texts have at most 1,000
characters on one line, authors at most 1,000 names of 250 characters, 20,000 together; identifiers
and names hold no invisible characters and do not begin with =, +, - or @, texts not with = or @, nor
with + or - unless they are a number. Bulk insert by JSON or CSV is all or nothing and names every problem;
at most 20,000 rows. Upsert: see create_samples. Errors: 400
invalid_sample, 400 read_only_column, 403 group_access_denied, 409 sample_exists, 413
batch_too_large.$$;

comment on column api.samples.id is 'Key';
comment on column api.samples.group_id is 'The group that owns the sample; required; fixed';
comment on column api.samples.pathogen_id is 'The pathogen; see pathogens; required';
comment on column api.samples.uploaded_by_id is 'The user who uploaded it, null if unknown; set by the server';
comment on column api.samples.location_id is 'Where it was collected; see locations; required';
comment on column api.samples.is_private is 'Whether only members and admins see it; default false';
comment on column api.samples.private_identifier is $$The group's own identifier

1 to 128 characters, unique in the group; null where the caller is a viewer.$$;
comment on column api.samples.public_identifier is $$Identifier shown to others

1 to 128 characters, unique in the group; generated when empty: {prefix}/{country}/{group prefix}-{id}/{year}.$$;
comment on column api.samples.collection_date is 'Day of collection, 1900-01-01 to today; required';
comment on column api.samples.sample_collected_by is 'Who collected it; null if unknown';
comment on column api.samples.sample_collector_contact_email is 'E-mail of the collector; null if unknown';
comment on column api.samples.sample_collector_contact_address is
'Postal address of the collector; null if unknown';
comment on column api.samples.authors is 'Names of the authors, in order';
comment on column api.samples.organism is 'Scientific name of the pathogen; null if not stated';
comment on column api.samples.host is 'Host organism; null if unknown';
comment on column api.samples.purpose_of_sampling is 'Why it was sampled; null if unknown';
comment on column api.samples.specimen_processing is 'How the specimen was processed; null if unknown';
comment on column api.samples.created_at is 'When it was uploaded';
comment on column api.samples.updated_at is 'When it was last changed';

grant select, insert, update, delete on api.samples to member;

create or replace trigger samples_insert
instead of insert on api.samples
for each row
execute function internal.insert_sample();

create or replace trigger samples_raise_problems
after insert on api.samples
for each statement
execute function internal.raise_sample_problems();

-- After the one above, by its name.
create or replace trigger samples_refuse_noted_values
after insert or update on api.samples
for each statement
execute function internal.refuse_noted_values();

create or replace trigger samples_name_pathogen_id
before update of pathogen_id on api.samples
for each statement
execute function internal.note_named_column('pathogen_id');

create or replace trigger samples_name_location_id
before update of location_id on api.samples
for each statement
execute function internal.note_named_column('location_id');

create or replace trigger samples_name_is_private
before update of is_private on api.samples
for each statement
execute function internal.note_named_column('is_private');

create or replace trigger samples_name_private_identifier
before update of private_identifier on api.samples
for each statement
execute function internal.note_named_column('private_identifier');

create or replace trigger samples_name_public_identifier
before update of public_identifier on api.samples
for each statement
execute function internal.note_named_column('public_identifier');

create or replace trigger samples_name_collection_date
before update of collection_date on api.samples
for each statement
execute function internal.note_named_column('collection_date');

create or replace trigger samples_name_sample_collected_by
before update of sample_collected_by on api.samples
for each statement
execute function internal.note_named_column('sample_collected_by');

create or replace trigger samples_name_sample_collector_contact_email
before update of sample_collector_contact_email on api.samples
for each statement
execute function internal.note_named_column('sample_collector_contact_email');

create or replace trigger samples_name_sample_collector_contact_address
before update of sample_collector_contact_address on api.samples
for each statement
execute function internal.note_named_column('sample_collector_contact_address');

create or replace trigger samples_name_authors
before update of authors on api.samples
for each statement
execute function internal.note_named_column('authors');

create or replace trigger samples_name_organism
before update of organism on api.samples
for each statement
execute function internal.note_named_column('organism');

create or replace trigger samples_name_host
before update of host on api.samples
for each statement
execute function internal.note_named_column('host');

create or replace trigger samples_name_purpose_of_sampling
before update of purpose_of_sampling on api.samples
for each statement
execute function internal.note_named_column('purpose_of_sampling');

create or replace trigger samples_name_specimen_processing
before update of specimen_processing on api.samples
for each statement
execute function internal.note_named_column('specimen_processing');

create or replace trigger samples_update
instead of update on api.samples
for each row
execute function internal.update_sample();

-- Before samples_forget_names, by its name.
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
