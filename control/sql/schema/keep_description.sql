-- What api.openapi() puts before the rest of the document is left out: it depends on the path.
insert into aspen.api_descriptions (role_name, catalog_state, openapi, json_schema, manual)
select
    answers.role_name,
    answers.catalog_state,
    ('{' || substr(answers.openapi, strpos(answers.openapi, '], ') + 3))::json,
    answers.json_schema::json,
    answers.manual
from (values (%s, %s, %s, %s, %s))
    as answers (role_name, catalog_state, openapi, json_schema, manual)
on conflict (role_name) do update set
    catalog_state = excluded.catalog_state,
    openapi = excluded.openapi,
    json_schema = excluded.json_schema,
    manual = excluded.manual,
    made_at = now()
