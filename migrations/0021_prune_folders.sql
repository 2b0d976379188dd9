-- Lets deleted jobs take along everything below their folder.
-- depends: 0018_add_host_of_pathogens

comment on column aspen.object_prunes.key is
'Key of the object; one that ends with / is the folder of a deleted job, with everything in it';
