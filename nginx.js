// Do what the directives of nginx.conf cannot: examine queries, tokens and answers.

import crypto from 'crypto';
import fs from 'fs';

// --- Errors in the common form. docs/errors.md lists them; a test compares the two.

const REFUSALS = {
    bad_request: [400, 'The request is not valid HTTP', 'Check the URL and the headers.'],
    invalid_encoding: [400, 'The request is not UTF-8',
        'Encode URL, headers and body in UTF-8, and percent-encode the URL.'],
    ignored_parameter: [400, 'A part of the query would be ignored', null],
    invalid_csv: [400, 'The body is not CSV',
        'Close each quote, and write a quote within a value twice: "a ""b"" c".'],
    order_not_usable: [400, 'A change of some rows cannot follow an order by another resource',
        'Order by columns of the resource itself.'],
    query_too_complex: [400, 'The query asks for too much at once', null],
    too_many_rows: [400, 'The answer would be incomplete',
        'Ask in pages of at most 1,000 rows, with order=id&limit=1000 and then '
        + 'id=gt.<the last id>: docs/reading.md has an example. Rows without an id have limit and offset.'],
    not_found: [404, 'There is no such resource', 'The description of this API at / lists all resources.'],
    method_not_allowed: [405, 'This API does not have this method',
        'Use GET, HEAD, POST, PATCH, PUT, DELETE or OPTIONS.'],
    request_timeout: [408, 'The request did not arrive in time', 'Send it again.'],
    body_too_large: [413, 'The body of the request is too large',
        'Send it in parts, and with a token if this needs one.'],
    url_too_long: [414, 'The URL is too long',
        'A URL has at most 8,192 bytes: filter by other columns, or ask in parts.'],
    too_many_requests: [429, 'Too many requests',
        'Send it again after Retry-After seconds.'],
    headers_too_large: [431, 'The headers of the request are too large',
        'One header has at most 32 kB, and all together have 48 kB.'],
    internal_error: [500, 'Something went wrong',
        'Report it with the X-Request-Id of this answer.'],
    api_unavailable: [503, 'The API cannot be reached',
        'Send it again after Retry-After seconds.'],
};
// The code for a status whose cause is not known.
const CODES = {
    400: 'bad_request', 404: 'not_found', 405: 'method_not_allowed', 408: 'request_timeout',
    413: 'body_too_large', 414: 'url_too_long', 429: 'too_many_requests',
    431: 'headers_too_large', 500: 'internal_error', 503: 'api_unavailable',
};

// Write the error for a request that nginx itself rejects (nginx.conf: error_page).
function refusal(r) {
    const status = Number(r.variables.status);
    const problem = status === 400 ? r.variables.query_problem : '';
    return problem ? bodyOfProblem(problem) : bodyOf(CODES[status] || 'bad_request');
}

function bodyOf(code, hint, details) {
    return JSON.stringify({
        code, details: details ? JSON.stringify(details) : null,
        hint: hint || REFUSALS[code][2], message: REFUSALS[code][1],
    });
}

// --- Queries: PostgREST's time grows with the square of the length of a list in a URL, and of a name
// that it does not know, for which it searches a similar one: seconds for one of 4,000 characters, or
// for arguments whose names are that long together. PostgreSQL's time grows with each level of
// embedding.

const MOST = {
    select: 250, columns: 250, order: 50, depth: 4, embeds: 25, logic: 20, name: 200, names: 500,
};
// Also if the path is spelt to hide it.
const IS_CALL = /^\/+(?:rpc|[^/]*%)/;
const LONG_WORD = new RegExp(`[^,()]{${MOST.name + 1}}`);

// What PostgREST reads once, and ignores when it cannot read it: DELETE ?limit=ten deletes all rows.
const ONCE = ['select', 'columns', 'order', 'limit', 'offset', 'on_conflict'];

// Name what is wrong with a query: a limit that it exceeds, or a part that PostgREST would ignore;
// empty if nothing is.
function queryProblem(r) {
    const pairs = (r.variables.args || '').split('&').filter((pair) => pair);
    const seen = {};
    const path = r.variables.request_uri.split('?')[0];
    const names = pairs.reduce((length, pair) => length + pair.split('=')[0].length, 0);
    let problem = path.length > MOST.name || IS_CALL.test(path) && names > MOST.names ? 'name' : '';
    for (let i = 0; i < pairs.length && !problem; i++) {
        problem = parameterProblem(pairs[i], seen);
    }
    return problem;
}

function parameterProblem(pair, seen) {
    const at = pair.indexOf('=');
    let name, value;
    try {
        name = decoded(at < 0 ? pair : pair.slice(0, at));
        value = at < 0 ? '' : decoded(pair.slice(at + 1));
    } catch (error) {
        return 'encoding';
    }
    if (at < 0) {
        return 'word';
    }
    if (name.length > MOST.name) {
        return 'name';
    }
    const kind = name.slice(name.lastIndexOf('.') + 1);
    if (ONCE.includes(kind)) {
        if (seen[name]) {
            return 'twice';
        }
        seen[name] = true;
    }
    if ((kind === 'limit' || kind === 'offset') && !/^\d+$/.test(value)) {
        return 'page';
    }
    if (kind !== 'select' && kind !== 'columns' && kind !== 'order') {
        return depth(value) > MOST.logic ? 'logic' : '';
    }
    if (count(value, ',') >= MOST[kind]) {
        return kind;
    }
    if (kind === 'select' && depth(value) > MOST.depth) {
        return 'depth';
    }
    if (kind === 'select' && LONG_WORD.test(value)) {
        return 'name';
    }
    return kind === 'select' && count(value, '(') > MOST.embeds ? 'embeds' : '';
}

function decoded(text) {
    return decodeURIComponent(text.replace(/\+/g, ' '));
}

function bodyOfProblem(kind) {
    const hints = {
        select: `Name at most ${MOST.select} columns, or leave select out to get all of them.`,
        columns: `Name at most ${MOST.columns} columns.`,
        order: `Order by at most ${MOST.order} columns.`,
        depth: `Embed resources at most ${MOST.depth} deep, and ask for the rest by id.`,
        embeds: `Embed at most ${MOST.embeds} resources.`,
        logic: `Nest conditions at most ${MOST.logic} deep.`,
        name: `Shorten the names: one has at most ${MOST.name} characters, all arguments of a function `
            + `together ${MOST.names}.`,
    };
    const ignored = {
        word: 'Write each parameter as name=value.',
        twice: `Give ${ONCE.join(', ')} once for each resource.`,
        page: 'limit and offset are whole numbers that are not negative: limit=100.',
    };
    if (kind in ignored) {
        return bodyOf('ignored_parameter', ignored[kind]);
    }
    return kind in hints ? bodyOf('query_too_complex', hints[kind]) : bodyOf('invalid_encoding');
}

function count(text, character) {
    return text.split(character).length - 1;
}

function depth(text) {
    let open = 0;
    let deepest = 0;
    for (let i = 0; i < text.length; i++) {
        if (text[i] === '(') {
            open += 1;
            deepest = Math.max(deepest, open);
        } else if (text[i] === ')') {
            open -= 1;
        }
    }
    return deepest;
}

// --- The cache: its key covers everything that changes an answer. The key is a hash, because it is
// written to disk and depends on the token. It is empty for operators, who write the cached data.

function answerKey(r) {
    const given = r.headersIn;
    const token = given['Authorization'] || '';
    if (token && roleOf(token) !== 'member') {
        return '';
    }
    return crypto.createHash('sha256').update(JSON.stringify([
        r.method, r.variables.request_uri, token, given['Accept'], given['Prefer'], given['Range'],
        given['Range-Unit'], given['Accept-Profile'], given['Origin'],
    ])).digest('hex');
}

// Return the role that a token claims. It may be forged, so it may only lead to a fresher answer.
function roleOf(token) {
    try {
        return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString()).role;
    } catch (error) {
        return undefined;
    }
}

// --- CSV and FASTA: PostgREST ends every list after db-max-rows, and these formats do not show it.
// A request that asks for no page gets all rows or an error; a request for a page may be followed by
// others.

const MOST_ROWS = 1000;

// Return the Prefer header for CSV and FASTA, with a count that shows whether the answer is complete.
function countingPrefer(r) {
    const given = knownPrefer(r);
    if (isPage(r) || /count=(?:exact|planned|estimated)/.test(given)) {
        return given;
    }
    return given ? `${given}, count=exact` : 'count=exact';
}

// Tell whether a request asks for no more rows than an answer may have.
function isPage(r) {
    const limits = (r.variables.args || '').split('&').map(limitOf).filter((limit) => limit !== null);
    // PostgREST ignores the Range of a POST.
    const range = /^\s*(\d+)-(\d+)\s*$/.exec(r.variables.http_range || '');
    if (range && r.method !== 'POST') {
        limits.push(Number(range[2]) - Number(range[1]) + 1);
    }
    return limits.length > 0 && limits.every((limit) => limit <= MOST_ROWS);
}

// Return the number of rows that a parameter allows; null if the parameter is not `limit`.
function limitOf(pair) {
    const at = pair.indexOf('=');
    try {
        if (at < 0 || decoded(pair.slice(0, at)) !== 'limit') {
            return null;
        }
        const value = decoded(pair.slice(at + 1));
        return /^\d+$/.test(value) ? Number(value) : Infinity;
    } catch (error) {
        return null;
    }
}

// Turn the head of an incomplete answer into that of an error.
function refuseCut(r) {
    const range = /^(\d+)-(\d+)\/(\d+|\*)$/.exec(r.headersOut['Content-Range'] || '');
    const isJson = /json/.test(r.headersOut['Content-Type'] || '');
    if (!range || isJson || r.status >= 300 || isPage(r)) {
        return;
    }
    const last = Number(range[2]);
    const isFull = last - Number(range[1]) + 1 >= MOST_ROWS;
    if (isFull && (range[3] === '*' || last + 1 < Number(range[3]))) {
        const rows = Number(range[3]) - Number(range[1]);
        r.variables.is_cut = bodyOf('too_many_rows', null, { rows, at_most: MOST_ROWS });
        r.status = REFUSALS.too_many_rows[0];
        delete r.headersOut['Content-Range'];
        delete r.headersOut['Content-Location'];
        delete r.headersOut['Content-Length'];
        // nginx adds the charset (nginx.conf: charset).
        r.headersOut['Content-Type'] = 'application/json';
    }
}

// Send the error instead of the incomplete answer.
function sayCut(r, data, flags) {
    if (!r.variables.is_cut) {
        r.sendBuffer(data, flags);
        r.done();
    } else if (flags.last) {
        r.sendBuffer(r.variables.is_cut, flags);
    }
}

// --- Preferences: PostgREST 12 rejects max-affected beside handling=strict. The database reads it in
// another header.

function knownPrefer(r) {
    return (r.variables.http_prefer || '').split(',').map((preference) => preference.trim())
        .filter((preference) => preference && !/^max-affected\s*(?:=|$)/i.test(preference))
        .join(', ');
}

// --- Large bodies: read only if the API accepts the token.

async function admitBody(r) {
    const answer = await r.subrequest('/.token');
    if (answer.status !== 200) {
        r.headersOut['Content-Type'] = 'application/json; charset=utf-8';
        const wait = answer.headersOut['Retry-After'] || (answer.status === 503 ? '1' : '');
        if (wait) {
            r.headersOut['Retry-After'] = wait;
        }
        r.return(answer.status, answer.responseText);
    }
}

// --- Requests with an Idempotency-Key: the database compares their hashes. A body that nginx wrote to
// a file is read in pieces, between which other requests go on.

const PIECE = 1048576;

async function admitLargeBody(r) {
    if (r.variables.http_transfer_encoding || Number(r.variables.http_content_length) >= 100000) {
        await admitBody(r);
    }
}

async function sendOnce(r) {
    const hash = crypto.createHash('sha256').update(JSON.stringify([
        r.variables.request_uri, (r.headersIn['Content-Type'] || '').split(';')[0].trim().toLowerCase(),
        r.headersIn['Content-Profile'], r.variables.http_prefer,
    ]));
    const file = r.variables.request_body_file;
    if (file) {
        await hashFile(hash, file);
    } else if (r.requestBuffer) {
        hash.update(r.requestBuffer);
    }
    r.variables.request_hash = hash.digest('hex');
    r.internalRedirect('@execute');
}

async function hashFile(hash, path) {
    const piece = Buffer.alloc(PIECE);
    const file = fs.openSync(path);
    let position = 0;
    let count;
    do {
        count = fs.readSync(file, piece, 0, PIECE, position);
        hash.update(piece.subarray(0, count));
        position += count;
        await new Promise((resolve) => setTimeout(resolve, 0));
    } while (count > 0);
    fs.closeSync(file);
}

// --- Statuses: some errors of PostgREST 12 have a wrong status. The relay between PostgREST and the
// HTTP side of nginx corrects them, because the HTTP side sends the status before it sees the body.

const STATUS = {
    '57014': '503 Service Unavailable\r\nRetry-After: 5',
    '55P03': '503 Service Unavailable\r\nRetry-After: 1',
    '40P01': '409 Conflict',
};
// The database closed the connection, waited in vain for a request that hung, crashed or is starting:
// PostgREST 12 answers 400 without a code, or 500. Whether a request that changes something was executed
// is not known.
const IS_CUT_OFF = /^\{"code":"(?:|25P0[34]|57P0[235])"/;
// The writer was led to a server that is no longer the primary, and for which PostgREST says 400.
const IS_OF_REPLICA = /^\{"code":"0A000",.*"cannot set transaction read-write mode during recovery"/;
// PostgREST 12 fails if only some rows are to be changed, in the order of another resource.
const IS_ORDERED_BY_ANOTHER = /^(?:PATCH|DELETE) [^? ]*\?(?:[^ ]*&)?order=[^& ]*(?:\(|%28)/;
// PostgREST believes that every database makes GeoJSON.
const NO_GEOJSON = '"message":"function st_asgeojson(record) does not exist"';
const LAST_CHUNK = '\r\n0\r\n\r\n';
// Errors are short; a longer answer passes unchanged.
const LONGEST_ERROR = 65536;
// The description of the API, and reference data, get a tag, if they are not longer than this.
const IS_TAGGED = /^GET \/(?:(?:lineages|lineage_aliases|locations|pathogens|public_repositories|repository_data|usher_options|rpc\/(?:openapi|json_schema|manual))\b|\?| )/;
const LONGEST_TAGGED = 1048576;
// PostgREST reads headers of 51,200 bytes together, with those that nginx adds.
const MOST_HEADERS = 50000;
// The header of a request is kept up to this length, and a CSV body is followed up to this one.
const LONGEST_HEAD = 65536;
const LONGEST_FOLLOWED = 33554432;
const IS_CSV = /\r\ncontent-type: *text\/csv/i;
const QUOTE = 34;
const LINE_FEED = 10;
const RETURN = 13;
const COMMA = 44;
const TWO = 50;
const FOUR = 52;
const FIVE = 53;

function correctStatus(session) {
    let asked = null;
    let csv;
    let held;
    let pieces;

    function request(data, flags) {
        if (!asked) {
            asked = data;
            csv = null;
            held = null;
            pieces = null;
            session.on('downstream', answer);
        } else {
            asked = Buffer.concat([asked, data]);
        }
        const end = asked.indexOf('\r\n\r\n');
        if (end >= 0 || asked.length > LONGEST_HEAD) {
            session.off('upstream');
        }
        if (end >= 0 && IS_CSV.test(asked.slice(0, end).toString())) {
            csv = { isOpen: false, isBroken: false, before: LINE_FEED, length: 0 };
            follow(csv, asked.slice(end + 4));
            session.on('upstream', body);
        }
        session.send(data, flags);
    }

    function body(data, flags) {
        follow(csv, data);
        if (csv.isBroken || csv.length > LONGEST_FOLLOWED) {
            session.off('upstream');
        }
        session.send(data, flags);
    }

    function answer(data, flags) {
        const hasEnded = data.length === 0 && flags.last && !held && !pieces;
        if (hasEnded && csv && csv.isBroken) {
            session.send(withBody('HTTP/1.1 400 Refused', '', bodyOf('invalid_csv')), flags);
            return;
        }
        if (pieces || !held && data[9] === TWO && IS_TAGGED.test(asked.slice(0, 40).toString())) {
            tag(data, flags);
            return;
        }
        // The status line is `HTTP/1.1 404 …`: an answer that is not 4xx or 5xx passes unchanged.
        if (!held && data[9] !== FOUR && data[9] !== FIVE) {
            rearm();
            session.send(data, flags);
            return;
        }
        held = held ? Buffer.concat([held, data]) : Buffer.from(data);
        const head = asked.toString();
        const text = held.toString();
        const isWhole = text.endsWith(LAST_CHUNK) || head.startsWith('HEAD ');
        if (isWhole || flags.last || held.length > LONGEST_ERROR) {
            const all = held;
            rearm();
            session.send(corrected(head, text) || all, flags);
        }
    }

    // Hold an answer until it is whole. The memory of njs grows with each piece that is joined, so they
    // are joined once.
    function tag(data, flags) {
        pieces = pieces || { list: [], length: 0, end: '' };
        pieces.list.push(Buffer.from(data));
        pieces.length += data.length;
        pieces.end = (pieces.end + data.slice(-LAST_CHUNK.length).toString()).slice(-LAST_CHUNK.length);
        const isLong = pieces.length > LONGEST_TAGGED;
        if (pieces.end === LAST_CHUNK || flags.last || isLong) {
            const all = Buffer.concat(pieces.list);
            const isWhole = pieces.end === LAST_CHUNK;
            rearm();
            session.send(isWhole && !isLong ? tagged(all) : all, flags);
        }
    }

    function rearm() {
        session.off('downstream');
        session.off('upstream');
        session.on('upstream', request);
        asked = null;
    }

    session.on('upstream', request);
}

// Add a hash of the answer to its head; nginx compares it with If-None-Match.
function tagged(answered) {
    const end = answered.indexOf('\r\n\r\n');
    const head = answered.slice(0, end).toString();
    const shown = head.split('\r\n').filter((line) => /^content-/i.test(line)).sort().join();
    const hash = crypto.createHash('sha256').update(shown).update(answered.slice(end)).digest('hex');
    return Buffer.concat([
        Buffer.from(`${head}\r\nETag: "${hash.slice(0, 32)}"\r\nCache-Control: private, no-cache`),
        answered.slice(end),
    ]);
}

// Return the corrected answer; undefined if it is correct.
function corrected(asked, answered) {
    const end = answered.indexOf('\r\n\r\n');
    const head = answered.slice(0, end);
    const body = answered.slice(end + 4);
    const status = head.slice(9, 12);
    if (/\r\ncontent-type: text\/plain/i.test(head) || body.endsWith('\r\n{}' + LAST_CHUNK)) {
        if (status === '400' && Buffer.byteLength(asked.split('\r\n\r\n')[0]) > MOST_HEADERS) {
            return rewritten(head, 431);
        }
        const code = status === '500' ? codeOfFailure(asked) : '';
        return rewritten(head, code ? 400 : Number(status), code);
    }
    const error = body.replace(/^[0-9a-f]+\r\n/i, '');
    if (IS_CUT_OFF.test(error) || IS_OF_REPLICA.test(error)) {
        return rewritten(`${head}\r\nRetry-After: 1`, 503);
    }
    if (body.includes(NO_GEOJSON)) {
        return withBody('HTTP/1.1 415 Refused', head, JSON.stringify({
            code: 'PGRST107', details: null, hint: null,
            message: 'None of these media types are available: application/geo+json',
        }));
    }
    if (/"code":"(?:(?:23|42)[0-9A-Z]{3}|PGRST00[012])"/.test(body)) {
        return reworded(asked, head, body);
    }
    if (status === '500') {
        const code = /"code":"([0-9A-Z]{5})"/.exec(body);
        // The answer to HEAD has no body with the cause, which is nearly always a timeout.
        const meant = code ? STATUS[code[1]] : asked.startsWith('HEAD ') && STATUS['57014'];
        if (meant) {
            return `HTTP/1.1 ${meant}` + answered.slice(head.indexOf('\r\n'));
        }
    }
    return undefined;
}

// Put our own body behind the remaining headers of PostgREST.
function rewritten(head, status, code) {
    const known = code || (status === 400 ? 'invalid_encoding' : CODES[status]);
    return withBody(`HTTP/1.1 ${status} Refused`, head, bodyOf(known || 'bad_request'));
}

// Name what is wrong with a request on which PostgREST 12 fails; empty if nothing is known.
function codeOfFailure(asked) {
    if (isEncodingBroken(asked)) {
        return 'invalid_encoding';
    }
    return IS_ORDERED_BY_ANOTHER.test(asked) ? 'order_not_usable' : '';
}

function withBody(statusLine, head, body) {
    const kept = head.split('\r\n').slice(1)
        .filter((line) => !/^(?:content-type|content-length|transfer-encoding):/i.test(line));
    return [statusLine].concat(kept, [
        'Content-Type: application/json; charset=utf-8',
        `Content-Length: ${Buffer.from(body).length}`, '', body,
    ]).join('\r\n');
}

// --- Wording: PostgreSQL's errors name constraints, tables and types that are none of the API's, and
// where the database is.

// The type of a column, by the domain that reads it.
const TYPES = {
    amount: 'number', day: 'date', flag: 'boolean', key: 'id', moment: 'time', words: 'text',
    words_list: 'list of texts',
};
// The resources whose table has another name, and those whose table has the same.
const TABLES = { group_members: 'memberships', me: 'users', phylo_runs: 'jobs' };
const RESOURCES = new RegExp('^(?:accessions|events|group_grants|groups|import_problems|invitations'
    + '|job_outputs|job_schedules|jobs|lineage_aliases|lineages|locations|machine_tokens|pathogens'
    + '|phylo_trees|public_repositories|repository_data|sample_lineages|sample_mutations'
    + '|sample_qc_metrics|samples|sequences|share_links|submission_files|submission_samples'
    + '|submissions|uploads|usher_options|webhooks)$');
const RULES = [
    [/^duplicate key value violates unique constraint "(\w+)"()$/, 'key',
        'A row with this key exists', 'Change the row, or upsert.'],
    [/^insert or update on table "\w+" violates foreign key constraint "(\w+)"()$/, 'key',
        'The row refers to a row that does not exist, or that you may not see', null],
    [/violates (?:RESTRICT setting of )?foreign key constraint "(\w+)" on table "(\w+)"$/, 'key',
        'Other rows refer to the row', 'Change or delete them first.'],
    [/violates check constraint "(\w+)"()$/, 'rule',
        'A value violates a rule', 'The description of this API at / says what a column accepts.'],
];

// Return the answer without names that clients cannot use; undefined if it has none.
function reworded(asked, head, body) {
    let error;
    try {
        error = JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1));
    } catch (failure) {
        return undefined;
    }
    const before = JSON.stringify(error);
    if (/^PGRST/.test(error.code)) {
        // It names the directory or the address of a database that cannot be reached.
        error.details = null;
    }
    const path = (/^\w+ \/(?:rpc\/)?(\w+)/.exec(asked) || [])[1];
    RULES.forEach((rule) => {
        const found = rule[0].exec(error.message);
        if (found) {
            const details = {};
            details[rule[1]] = withoutTable(found[1], found[2] || TABLES[path] || path);
            if (RESOURCES.test(found[2])) {
                details.resource = found[2];
            }
            error.message = rule[2];
            error.details = JSON.stringify(details);
            error.hint = rule[3];
        }
    });
    error.message = error.message
        .replace(/\baspen\.(\w+)/g, (text, name) => TYPES[name] || 'value')
        .replace(/ policy "\w+"/, ' policy')
        .replace(/ (table|relation) ("?)(\w+)\2(?= violates |$)/, (text, kind, quote, table) => (
            RESOURCES.test(table) && table !== TABLES[path] ? text : ` ${kind} ${quote}${path}${quote}`
        ));
    const after = JSON.stringify(error);
    return after === before ? undefined : withBody(head.slice(0, head.indexOf('\r\n')), head, after);
}

// Return what a constraint is about: samples_location_id_fkey is about location_id.
function withoutTable(name, table) {
    const ending = /^(.*)_(?:pkey|key|fkey|check)$/.exec(name);
    return ending && name.startsWith(`${table}_`) ? ending[1].slice(table.length + 1) : null;
}

// Tell whether PostgREST failed because the request is not UTF-8.
function isEncodingBroken(asked) {
    const head = asked.slice(0, asked.indexOf('\r\n\r\n'));
    const url = head.slice(0, head.indexOf('\r\n'));
    try {
        decodeURIComponent(url.replace(/%(?![0-9a-fA-F]{2})/g, '%25'));
    } catch (error) {
        return true;
    }
    return head.includes('\uFFFD')
        || /\r\ncontent-type: (?:text\/csv|application\/x-www-form-urlencoded)/i.test(head);
}

// Follow the quotes of a CSV body through its pieces: PostgREST hangs up at one that is out of place if
// several characters that are not ASCII come after it, because it fails to repeat them.
function follow(csv, piece) {
    csv.length += piece.length;
    if (!csv.isOpen && csv.before === QUOTE && piece.length > 0) {
        csv.isBroken = !isBesideQuote(piece[0]);
    }
    for (let at = piece.indexOf(QUOTE); at >= 0 && !csv.isBroken; at = piece.indexOf(QUOTE, at + 1)) {
        const neighbour = csv.isOpen ? piece[at + 1] : at > 0 ? piece[at - 1] : csv.before;
        csv.isOpen = !csv.isOpen;
        csv.isBroken = neighbour !== undefined && !isBesideQuote(neighbour);
    }
    csv.before = piece.length > 0 ? piece[piece.length - 1] : csv.before;
}

// Tell whether a byte may stand before a quote that opens a value, or behind one that closes it.
function isBesideQuote(byte) {
    return byte === COMMA || byte === LINE_FEED || byte === RETURN || byte === QUOTE;
}

export default {
    admitBody, admitLargeBody, answerKey, correctStatus, countingPrefer, knownPrefer, queryProblem, refusal,
    refuseCut, sayCut, sendOnce,
};
