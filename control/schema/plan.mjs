// Plans how databases become one another. Reads {"databases": {name: url}, "pairs": [[from, to], …], "renames":
// [[from, to], …]} from standard input and writes for each pair its differences, statements and possible renames.
import { text } from "node:stream/consumers";

import { diff, encodeId, parseId } from "@supabase/pg-delta/core";
import { plan } from "@supabase/pg-delta/plan";
import { formatSqlStatements } from "@supabase/pg-delta/sql-format";

import { detailDifferences, isBookkeeping, read, storageOfNewColumns, subject } from "./facts.mjs";

const form = {
    keywordCase: "lower",
    indent: 4,
    maxWidth: 100,
    alignColumns: false,
    alignKeyValues: false,
    preserveRoutineBodies: true,
    preserveViewBodies: true,
};
const quotedOrText = /e?'(?:[^'\\]|\\.|'')*'|\$(\w*)\$.*?\$\1\$|"((?:[^"]|"")*)"/gis;
const policy = { id: "aspen", filter: [{ match: { schema: "control" }, action: "exclude" }] };

// A name as people write it.
function plain(name, keywords) {
    return /^[a-z_][a-z0-9_]*$/.test(name) && !keywords.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

// In lower case, as far as it is not quoted, and with no more quotes than are needed.
function format(sql, keywords) {
    let [written, end] = ["", 0];
    for (const found of sql.matchAll(quotedOrText)) {
        const name = found[2];
        written += sql.slice(end, found.index).toLowerCase();
        written += name === undefined ? found[0] : plain(name.replaceAll('""', '"'), keywords);
        end = found.index + found[0].length;
    }
    return formatSqlStatements([written + sql.slice(end).toLowerCase()], form)[0].trim();
}

// What people call it, the object of sql/ that it is a part of (kind and identity), and what it cannot be without.
function describe(id, keywords) {
    const named = (...names) => names.map((name) => plain(name, keywords)).join(".");
    const kind = { materializedView: "materialized view", typeAttribute: "attribute" }[id.kind] ?? id.kind;
    switch (id.kind) {
        case "comment": {
            const target = describe(id.target, keywords);
            return { ...target, name: `comment on ${target.name}`, of: [target.name, ...target.of] };
        }
        case "acl": {
            const target = describe(id.target, keywords);
            const column = id.column === undefined ? "" : `column ${plain(id.column, keywords)} of `;
            const name = `rights of ${id.grantee} on ${column}${target.name}`;
            return { ...target, name, of: [target.name, ...target.of] };
        }
        case "policy":
        case "trigger":
        case "rule":
        case "constraint":
        case "default":
        case "column": {
            const table = named(id.schema, id.table);
            const isOwn = ["policy", "trigger"].includes(id.kind);
            const identity = isOwn ? `${plain(id.name, keywords)} on ${table}` : table;
            const name = {
                column: `column ${table}.${plain(id.name, keywords)}`,
                default: `default of column ${table}.${plain(id.name, keywords)}`,
            }[id.kind];
            return {
                name: name ?? `${kind} ${plain(id.name, keywords)} on ${table}`,
                object: [isOwn ? id.kind : "table", identity],
                of: [`table ${table}`],
            };
        }
        case "function":
        case "procedure":
        case "aggregate": {
            const identity = `${named(id.schema, id.name)}(${id.args.join(",")})`;
            return { name: `${kind} ${identity}`, object: ["function", identity], of: [] };
        }
        case "membership":
            return { name: `membership of ${id.member} in ${id.role}`, object: ["role", id.member], of: [] };
        case "defaultPrivilege": {
            const name = `default rights of ${id.grantee} on what ${id.role} makes`;
            return { name, object: ["role", id.role], of: [] };
        }
        default: {
            const identity = id.schema === undefined ? plain(id.name, keywords) : named(id.schema, id.name);
            const isType = ["domain", "type"].includes(id.kind);
            return { name: `${kind} ${identity}`, object: [isType ? "type" : kind, identity], of: [] };
        }
    }
}

function difference(delta, keywords) {
    const id = subject(delta);
    const said = describe(id, keywords);
    const isOwner = delta.edge?.kind === "owner";
    return {
        id: encodeId(id),
        name: isOwner ? `owner of ${said.name}` : said.name,
        object: said.object,
        // What comes and goes with it.
        of: isOwner ? [said.name, ...said.of] : said.of,
        verb: { add: "add", remove: "remove" }[delta.verb] ?? "set",
        attribute: delta.attr ?? null,
    };
}

function otherDifference({ name, left, right }) {
    const [kind, identity] = [name.slice(0, name.indexOf(":")), name.slice(name.indexOf(":") + 1)];
    const verb = left ? (right ? "set" : "remove") : "add";
    return { id: name, name: `${kind} ${identity}`, object: [kind, identity], of: [], verb, attribute: null };
}

function statement(id, sql, verb, keywords) {
    return { id, sql: format(sql, keywords), verb, loses: false };
}

function compare(left, right, renames) {
    const keywords = right.keywords;
    const planned = plan(left.factBase, right.factBase, { renames: "prompt", acceptRenames: renames, policy });
    const details = detailDifferences(left.details, right.details);
    const unmade = details
        .filter(({ left }) => left?.unmake)
        .map((one) => statement(one.name, one.left.unmake, "drop", keywords));
    const made = details
        .filter(({ right }) => right?.make)
        .map((one) => one.right)
        .concat(storageOfNewColumns(left.details, right.details))
        .map((one) => statement(one.name, one.make, one.unmake ? "create" : "set", keywords));
    const modelled = planned.actions
        .map((one) => ({ one, id: one.produces[0] ?? one.destroys[0] ?? one.consumes[0] }))
        .filter(({ id }) => !isBookkeeping(id))
        .map(({ one, id }) => ({
            id: encodeId(id),
            sql: format(one.sql, keywords),
            verb: one.verb,
            loses: one.dataLoss === "destructive",
        }));
    return {
        differences: diff(left.factBase, right.factBase)
            .filter((delta) => delta.edge?.kind !== "depends" && !isBookkeeping(subject(delta)))
            .map((delta) => difference(delta, keywords))
            .concat(details.map(otherDifference)),
        actions: [...unmade, ...modelled, ...made],
        renames: planned.renameCandidates
            .filter(({ status }) => status !== "nearMiss")
            .map(({ from, to, status }) => ({ before: encodeId(from), after: encodeId(to), status })),
    };
}

const asked = JSON.parse(await text(process.stdin));
const renames = (asked.renames ?? []).map(([from, to]) => ({ from: parseId(from), to: parseId(to) }));
const names = Object.keys(asked.databases);
const found = await Promise.all(names.map((name) => read(asked.databases[name])));
const facts = Object.fromEntries(names.map((name, number) => [name, found[number]]));
console.log(JSON.stringify(asked.pairs.map(([left, right]) => compare(facts[left], facts[right], renames))));
