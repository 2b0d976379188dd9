alter table aspen.group_limits
drop column most_output_bytes,
drop column most_sequence_bytes;
