-- NOTE: nothing is granted to API roles: the body contains the link of an invitation. The control
-- plane reads and sends.

grant select (id, group_id, invitation_id, sent_at) on aspen.mails to registrar;
grant insert (group_id, invitation_id, recipient, subject, body) on aspen.mails to registrar;
grant delete on aspen.mails to registrar;
grant select (created_at, sent_at, given_up_at) on aspen.mails to observer;

create policy mails_select_registrar on aspen.mails
for select to registrar
using (true);

comment on policy mails_select_registrar on aspen.mails is
'To find the mail of an invitation that needs none any more';

create policy mails_insert_registrar on aspen.mails
for insert to registrar
with check (true);

comment on policy mails_insert_registrar on aspen.mails is 'An invitation is mailed';

create policy mails_delete_registrar on aspen.mails
for delete to registrar
using (true);

comment on policy mails_delete_registrar on aspen.mails is
'Mails of invitations that were accepted or revoked are not sent';

create policy mails_select_observer on aspen.mails
for select to observer
using (true);

comment on policy mails_select_observer on aspen.mails is
'To count those that wait or were given up';
