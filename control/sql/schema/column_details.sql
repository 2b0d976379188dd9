-- What pg-delta leaves out of a comparison: the order of columns and how they are stored.
select
    pg_catalog.format(
        'column:%I.%I.%I', namespaces.nspname, relations.relname, attributes.attname
    ) as name,
    pg_catalog.format(
        'position %s, storage %s, compression %s, statistics %s, options %s',
        pg_catalog.row_number() over (partition by relations.oid order by attributes.attnum),
        attributes.attstorage,
        coalesce(nullif(attributes.attcompression::text, ''), 'default'),
        -- Versions before 17 write "default" as -1.
        coalesce(nullif(attributes.attstattarget, -1)::text, 'default'),
        coalesce(attributes.attoptions::text, 'none')
    ) as detail
from pg_catalog.pg_attribute as attributes
inner join pg_catalog.pg_class as relations on attributes.attrelid = relations.oid
inner join pg_catalog.pg_namespace as namespaces on relations.relnamespace = namespaces.oid
where
    namespaces.nspname in ('aspen', 'api', 'authz', 'internal')
    and relations.relkind in ('r', 'p', 'v')
    and attributes.attnum > 0
    and not attributes.attisdropped;
