drop table aspen.api_descriptions;
