-- A look-up by identifier finds one index, whatever the statistics say; and prefixes find one.
-- depends: 0012_refuse_texts_that_break_a_line

-- Both keys are built anew under a lock: some seconds for a million samples.
-- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid
alter table aspen.samples
add constraint samples_private_identifier_group_id_key unique (private_identifier, group_id);

-- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid
alter table aspen.samples
add constraint samples_public_identifier_group_id_key unique (public_identifier, group_id);

-- squawk-ignore ban-drop-constraint
alter table aspen.samples drop constraint samples_group_id_private_identifier_key;

-- squawk-ignore ban-drop-constraint
alter table aspen.samples drop constraint samples_group_id_public_identifier_key;

-- squawk-ignore require-concurrent-index-creation
create index samples_group_id_private_identifier_named_idx
on aspen.samples (group_id, private_identifier text_pattern_ops)
where private_identifier is not null;
