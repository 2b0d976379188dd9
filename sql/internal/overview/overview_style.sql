-- Colours: the schemes "muted" (light) and "light" (dark) of Paul Tol, which people with any kind
-- of colour vision tell apart; bars have a gap between them. Text has a contrast of at least 7.
create or replace function internal.overview_style()
returns text
language sql
immutable
security invoker
begin atomic
    select
        ':root{color-scheme:light dark;--page:#fff;--ink:#1b1b1b;--soft:#4d4d4d;--line:#ccc;'
        || '--c1:#332288;--c2:#88ccee;--c3:#117733;--c4:#cc6677;--c5:#ddaa33;--c6:#44aa99;'
        || '--c7:#882255;--c8:#aa4499;--other:#777;--none:#b5b5b5;--link:#003e9c}'
        || '@media screen and (prefers-color-scheme:dark){:root{--page:#16181b;--ink:#f0f0f0;'
        || '--soft:#c4c4c4;--line:#4a4d52;--c1:#77aadd;--c2:#ee8866;--c3:#44bb99;--c4:#ffaabb;'
        || '--c5:#eedd88;--c6:#99ddff;--c7:#aaaa00;--c8:#cc99ff;--other:#8c9096;--none:#5c6067;'
        || '--link:#9cc4ff}}'
        || 'body{margin:0;background:var(--page);color:var(--ink);'
        || 'font:1rem/1.5 system-ui,sans-serif}'
        || 'main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem}'
        || 'h1{font-size:1.6rem;line-height:1.25;margin:0 0 .25rem}'
        || 'h2{font-size:1.15rem;margin:0 0 .25rem}'
        || 'section{margin-top:2.5rem;break-inside:avoid}'
        || 'p{margin:0 0 .75rem;color:var(--soft)}'
        || 'svg{display:block;width:100%;height:auto;forced-color-adjust:none}'
        || 'svg text{fill:var(--soft);font-size:12px}'
        || '.grid{stroke:var(--line);stroke-width:1}'
        || 'rect{stroke:var(--page);stroke-width:1}'
        || '.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;'
        || 'margin:0 0 .5rem;padding:0;font-size:.9rem}'
        || '.swatch{display:inline-block;width:.9em;height:.9em;margin-right:.4em;'
        || 'vertical-align:-.1em;border-radius:2px;forced-color-adjust:none;'
        || 'print-color-adjust:exact;-webkit-print-color-adjust:exact}'
        || (
            select
                string_agg(
                    format('.%1$s{fill:var(--%1$s);background:var(--%1$s)}', classes.name),
                    ''
                    order by classes.number
                )
            from
                unnest(
                    array['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'other', 'none']
                ) with ordinality as classes (name, number)
        )
        || 'details{margin-top:.5rem}summary{cursor:pointer;color:var(--link)}'
        || '.scroll{overflow-x:auto}'
        || 'table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}'
        || 'caption{text-align:left;color:var(--soft);padding:.5rem 0}'
        || 'th,td{padding:.2rem .75rem .2rem 0;border-bottom:1px solid var(--line);'
        || 'text-align:right}'
        || 'th:first-child{text-align:left;font-weight:400;white-space:nowrap}'
        || 'thead th{font-weight:600}'
        || '@media print{details::details-content{content-visibility:visible}'
        || 'body{font-size:.8rem}.scroll{overflow:visible}}';
end;

comment on function internal.overview_style() is 'The style of the overview page, as CSS';

revoke all on function internal.overview_style() from public;
grant execute on function internal.overview_style() to member;
