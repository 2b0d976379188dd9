drop index aspen.locations_search_key_idx;
alter table aspen.locations drop column search_key;
