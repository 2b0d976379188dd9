create or replace function internal.error_schema()
returns json
language sql
immutable
security invoker
begin atomic
    select '{
            "type": "object",
            "description": "Every error has this form",
            "properties": {
                "code": {"type": "string", "description": "Stable code of the cause"},
                "message": {"type": "string", "description": "Fixed text of the code"},
                "details": {
                    "type": ["string", "null"],
                    "description": "Values of the request that caused it, as JSON in a text"
                },
                "hint": {"type": ["string", "null"], "description": "What to do"}
            },
            "required": ["code", "message", "details", "hint"]
        }'::json;
end;

comment on function internal.error_schema() is 'JSON Schema of the body of every error';

revoke all on function internal.error_schema() from public;
grant execute on function internal.error_schema() to anon, member, operator, job;
