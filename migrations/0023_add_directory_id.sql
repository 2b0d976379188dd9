-- Tells which organisation of an external directory a group stands for, to keep members in step.
-- depends: 0022_add_alias_key
-- The unique index is built over no value, and there are few groups:
-- squawk-ignore-file disallowed-unique-constraint

alter table aspen.groups
add column directory_id text
constraint groups_directory_id_key unique
constraint groups_directory_id_form_check check (directory_id ~ '^[!-~]{1,255}$');

comment on column aspen.groups.directory_id is
'Id of the organisation in the external directory; null if the group is not kept in step with one';
