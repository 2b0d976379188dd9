-- Lets a mail be given up and its link be forgotten, and lets no lineage be a formula.
-- depends: 0009_extend_links_and_mutations

-- Mails are few, and deleted with their invitations; lineages are some thousands.
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
'When sending was given up; null if it was not';

alter table aspen.lineages
drop constraint lineages_lineage_form_check,
add constraint lineages_lineage_form_check check (
    lineage !~ (
        '^[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000=+@\uff0b\uff0d\uff1d\uff20-]'
        || '|[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]$'
        || '|[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e'
        || '\u2060-\u206f\ufeff\ufff9-\uffff\U000e0000-\U000e007f]'
    )
);
