-- Mails that were given up have no body, which the older form allows only after sending. The owner
-- of the tables is under row-level security itself, and would delete no row.
set local role none;
delete from aspen.mails
where given_up_at is not null;
set local role aspen_owner;

drop index aspen.mails_id_waiting_idx;

alter table aspen.mails
drop constraint mails_sent_or_given_up_check,
drop constraint mails_body_until_closed_check,
add constraint mails_body_until_sent_check check ((sent_at is null) = (body is not null)),
drop column given_up_at,
drop column tried_at;

create index mails_id_unsent_idx on aspen.mails (id) where sent_at is null;

comment on column aspen.mails.body is 'Text with the link; null once the mail is sent';

alter table aspen.lineages
drop constraint lineages_lineage_form_check,
add constraint lineages_lineage_form_check check (
    lineage !~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
);
