create or replace trigger webhooks_check_values
before update of is_enabled on aspen.webhooks
for each row
execute function internal.check_values('is_enabled');

create or replace trigger webhooks_raise_problems
after update of is_enabled on aspen.webhooks
for each statement
execute function internal.raise_problems();

create or replace trigger webhooks_refuse_noted_values
after update of is_enabled on aspen.webhooks
for each statement
execute function internal.refuse_noted_values();

create or replace trigger webhooks_keep_former_secret
before update of secret on aspen.webhooks
for each row
execute function internal.keep_former_secret();
