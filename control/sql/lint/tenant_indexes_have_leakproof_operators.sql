-- An index whose operators may leak is of no use to callers.
-- Fix: index a column of another type, or leave the index out.
select format('%s: %s', indexes.indexrelid::regclass, operators.amopopr::regoperator) as object
from pg_catalog.pg_index as indexes
inner join pg_catalog.pg_class as tables
    on indexes.indrelid = tables.oid
inner join pg_catalog.pg_attribute as keys
    on indexes.indrelid = keys.attrelid and keys.attname = 'group_id'
cross join unnest(indexes.indclass) as classes (oid)
inner join pg_catalog.pg_opclass as operator_classes
    on classes.oid = operator_classes.oid
inner join pg_catalog.pg_amop as operators
    on
        operator_classes.opcfamily = operators.amopfamily
        and operator_classes.opcintype = operators.amoplefttype
        and operator_classes.opcintype = operators.amoprighttype
inner join pg_catalog.pg_operator as comparisons
    on operators.amopopr = comparisons.oid
inner join pg_catalog.pg_proc as functions
    on comparisons.oprcode = functions.oid
where tables.relnamespace = 'aspen'::regnamespace and not functions.proleakproof
