-- NOTE: no API role reads the queue: it is for the control plane.

grant insert (
    group_id, job_id, bucket, key, version_id
) on aspen.object_prunes to results_keeper;
grant select (id, queued_at) on aspen.object_prunes to observer;

create policy object_prunes_insert_results_keeper on aspen.object_prunes
for insert to results_keeper
with check (true);

comment on policy object_prunes_insert_results_keeper on aspen.object_prunes is
'Queued when an output is deleted or replaced, whoever does it';

create policy object_prunes_select_observer on aspen.object_prunes
for select to observer
using (true);

comment on policy object_prunes_select_observer on aspen.object_prunes is
'To tell how long objects wait';
