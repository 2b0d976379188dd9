create index samples_id_group_id_idx on aspen.samples (id, group_id);

alter table aspen.pathogens drop column host;
