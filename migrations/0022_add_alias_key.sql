-- Lets jobs of the platform hand in Pango's alias key beside the list of lineages.
-- depends: 0021_add_api_descriptions

set local role none;

insert into aspen.job_output_kinds (name, job_kind)
values
('alias_key', 'lineages');

set local role aspen_owner;
