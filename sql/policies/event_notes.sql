-- NOTE: nothing is granted to API roles: notes are read by the control plane alone.

grant insert (group_id, kind, status, row_ids, disclosed_at) on aspen.event_notes to results_keeper;
grant select (id, occurred_at) on aspen.event_notes to observer;

create policy event_notes_insert_results_keeper on aspen.event_notes
for insert to results_keeper
with check (true);

comment on policy event_notes_insert_results_keeper on aspen.event_notes is
'What happened is noted, whoever did it';

create policy event_notes_select_observer on aspen.event_notes
for select to observer
using (true);

comment on policy event_notes_select_observer on aspen.event_notes is
'To tell how long they wait';
