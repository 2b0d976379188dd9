comment on column aspen.object_prunes.key is null;
