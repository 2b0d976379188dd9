drop table aspen.object_prunes;

alter table aspen.usher_options
-- squawk-ignore changing-column-type
alter column description type text,
-- squawk-ignore changing-column-type
alter column value type text;

drop table aspen.lineage_aliases;
drop index aspen.locations_search_key_idx;
alter table aspen.locations drop column search_key;
