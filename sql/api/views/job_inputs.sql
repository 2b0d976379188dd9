-- An id for each of the lists, so that the pages of all of them fit together. Viewers see no row:
-- the inputs of a job may be private samples.
create or replace view api.job_inputs
with (security_invoker = true)
as
select
    chosen.id * 4 as id,
    chosen.group_id,
    chosen.job_id,
    'sample' as kind,
    chosen.public_identifier as identifier,
    true::aspen.flag as is_chosen,
    chosen.sample_id,
    null::bigint as public_repository_id
from aspen.job_samples as chosen
union all
select
    strains.id * 4 + 1 as id,
    strains.group_id,
    strains.job_id,
    'public_sequence' as kind,
    strains.strain as identifier,
    true::aspen.flag as is_chosen,
    null::bigint as sample_id,
    strains.public_repository_id
from aspen.job_public_sequences as strains
union all
select
    -- A background has at most 20,000 samples (internal.record_background).
    (backgrounds.id * 32768 + listed.place) * 4 + 2 as id,
    backgrounds.group_id,
    backgrounds.job_id,
    'sample' as kind,
    samples.public_identifier as identifier,
    false::aspen.flag as is_chosen,
    samples.id as sample_id,
    null::bigint as public_repository_id
from aspen.job_backgrounds as backgrounds
cross join lateral unnest(backgrounds.sample_ids) with ordinality as listed (sample_id, place)
left join aspen.samples as samples
    on backgrounds.group_id = samples.group_id and listed.sample_id = samples.id
union all
select
    backgrounds.id * 4 + 3 as id,
    backgrounds.group_id,
    backgrounds.job_id,
    'data_set' as kind,
    backgrounds.repository_data_id::text as identifier,
    false::aspen.flag as is_chosen,
    null::bigint as sample_id,
    data_sets.public_repository_id
from aspen.job_backgrounds as backgrounds
inner join aspen.repository_data as data_sets
    on backgrounds.repository_data_id = data_sets.id;

comment on view api.job_inputs is $$What jobs run on

Members and admins of the group read it, viewers do not. A lineage or quality job runs on the samples it
was queued for. A phylogenetic run is made from the samples and public sequences that were chosen, and from
the other samples of its group and pathogen: those that had a sequence and matched the filters when the
run was requested, at most the 20,000 newest; and a data set for its context. Filter by job_id.$$;

comment on column api.job_inputs.id is 'Identifier of the row, for paging';
comment on column api.job_inputs.group_id is 'Group that owns the row; see groups in me';
comment on column api.job_inputs.job_id is 'Job that runs on it; see jobs';
comment on column api.job_inputs.kind is 'sample, public_sequence or data_set';
comment on column api.job_inputs.identifier is $$Public identifier of the sample, strain name, or id of the data set

Of a chosen sample the one it had when the job was queued; of another one the present one, null after
it was deleted.$$;
comment on column api.job_inputs.is_chosen is
'Whether the run was asked to contain it; true for jobs that are no run';
comment on column api.job_inputs.sample_id is
'The sample; null after it was deleted, and for what is no sample';
comment on column api.job_inputs.public_repository_id is
'Repository of a public sequence or data set; null for samples';

grant select on api.job_inputs to member;

-- Never fires, because nobody may write. It makes PostgreSQL check the privileges before it notices
-- that a union is not updatable, so that the client receives 403 instead of 500.
create or replace trigger job_inputs_refuse_change
instead of insert or update or delete on api.job_inputs
for each row
execute function internal.refuse_change();
