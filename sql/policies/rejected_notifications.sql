-- NOTE: no API role reads this table: it is for the control plane.

grant select (replayed_at) on aspen.rejected_notifications to observer;

create policy rejected_notifications_select_observer on aspen.rejected_notifications
for select to observer
using (true);

comment on policy rejected_notifications_select_observer on aspen.rejected_notifications is
'To count those that wait';
