-- Lets operators limit the bytes of a group's genomes and of the files of its jobs.
-- depends: 0026_add_group_limits

alter table aspen.group_limits
add column most_sequence_bytes bigint
constraint group_limits_most_sequence_bytes_check check (most_sequence_bytes >= 0),
add column most_output_bytes bigint
constraint group_limits_most_output_bytes_check check (most_output_bytes >= 0);

comment on column aspen.group_limits.most_sequence_bytes is
'Bytes of the genomes of its samples together; null for any number';
comment on column aspen.group_limits.most_output_bytes is
'Bytes of the files of its jobs together; null for any number';
