drop table aspen.machine_tokens;
