-- internal.insert_sample assigns a row of the view to one of the table, which goes by places.
-- Fix: put the column of sql/api/views/samples.sql where sql/tables/samples.sql has it.
select format('api.samples.%s', view_columns.name) as object
from (
    select
        columns.attname as name,
        row_number() over (order by columns.attnum) as place
    from pg_catalog.pg_attribute as columns
    where columns.attrelid = 'api.samples'::regclass and columns.attnum > 0
) as view_columns
full join (
    select
        columns.attname as name,
        row_number() over (order by columns.attnum) as place
    from pg_catalog.pg_attribute as columns
    where
        columns.attrelid = 'aspen.samples'::regclass
        and columns.attnum > 0
        and not columns.attisdropped
) as table_columns
    on view_columns.place = table_columns.place
where view_columns.name is distinct from table_columns.name
