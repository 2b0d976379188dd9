drop index aspen.samples_group_id_private_identifier_named_idx;

alter table aspen.samples
add constraint samples_group_id_private_identifier_key unique (group_id, private_identifier);

alter table aspen.samples
add constraint samples_group_id_public_identifier_key unique (group_id, public_identifier);

alter table aspen.samples drop constraint samples_private_identifier_group_id_key;

alter table aspen.samples drop constraint samples_public_identifier_group_id_key;
