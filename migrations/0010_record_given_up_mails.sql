-- Lets the control plane give up a mail and forget its link, and try again after a while.
-- depends: 0005_add_search_and_prunes

-- Mails are few, and deleted with their invitations.
-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
-- squawk-ignore-file require-concurrent-index-deletion
alter table aspen.mails
add column tried_at timestamptz,
add column given_up_at timestamptz,
drop constraint mails_body_until_sent_check,
add constraint mails_body_until_closed_check
check ((sent_at is null and given_up_at is null) = (body is not null)),
add constraint mails_sent_or_given_up_check
check (sent_at is null or given_up_at is null);

drop index aspen.mails_id_unsent_idx;

-- squawk-ignore require-concurrent-index-creation
create index mails_id_waiting_idx on aspen.mails (id) where body is not null;

comment on column aspen.mails.body is 'Text with the link; null once the mail is sent or given up';
comment on column aspen.mails.tried_at is 'When sending was last tried; null if never';
comment on column aspen.mails.given_up_at is
'When the control plane decided not to send the mail any more; null if it did not';
