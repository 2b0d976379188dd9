-- Lets a pathogen name the host of samples that state none. An index goes that another replaces.
-- depends: 0017_add_schedules_events_and_webhooks

alter table aspen.pathogens
add column host aspen.words
constraint pathogens_host_form_check check (
    host !~ (
        '^[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000=+@\uff0b\uff0d\uff1d\uff20-]'
        || '|[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]$'
        || '|[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e'
        || '\u2060-\u206f\ufeff\ufff9-\uffff\U000e0000-\U000e007f]'
    )
);

comment on column aspen.pathogens.host is
'Host of new samples that state none; null where it differs';

-- samples_id_group_id_disclosed_at_key begins with the same columns.
-- squawk-ignore require-concurrent-index-deletion
drop index aspen.samples_id_group_id_idx;
