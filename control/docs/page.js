// Shows the description that the API gives to the token typed into the page, and again for each other
// token. The token stays in the memory of this page and travels in one header only.
"use strict";

const API = new URL("api", location.href).href;
const ATTEMPTS = ["get", "post", "patch", "put", "delete"];
const notice = document.getElementById("notice");

function say(text) {
    notice.textContent = text;
    notice.hidden = text === "";
}

// Returns null, and says why, where the API gives no description.
async function description(token) {
    const headers = {Accept: "application/openapi+json"};
    if (token) {
        headers.Authorization = `Bearer ${token}`;
    }
    let answer, body;
    try {
        answer = await fetch(`${API}/`, {headers});
        body = await answer.json();
    } catch {
        say("The API cannot be reached.");
        return null;
    }
    if (!answer.ok) {
        say(`${body.message} (${body.code})`);
        return null;
    }
    say("");
    return adapted(body);
}

// Calls take the way of the page itself, so that its policy allows them. Swagger UI knows the default
// dialect of schemas only.
function adapted(spec) {
    const {jsonSchemaDialect, ...rest} = spec;
    const operations = Object.values(spec.paths).flatMap((path) => Object.values(path));
    const shared = Object.values(spec.components?.parameters ?? {});
    for (const parameter of [...shared, ...operations.flatMap(({parameters}) => parameters ?? [])]) {
        showExample(parameter);
    }
    return {...rest, servers: [{url: API}]};
}

// Swagger UI fills a form with all examples, and such a request finds nothing. So the example of what
// may be left out becomes part of its text.
function showExample(parameter) {
    const example = parameter.example ?? parameter.schema?.examples?.[0];
    if (!parameter.required && example !== undefined) {
        delete parameter.example;
        delete parameter.schema.examples;
        parameter.description = `${parameter.description ?? ""} Example: \`${example}\``.trim();
    }
}

async function show(system) {
    const schemes = Object.values(system.authSelectors.authorized().toJS());
    const spec = await description(schemes[0]?.value);
    if (spec) {
        system.specActions.updateSpec(JSON.stringify(spec));
    }
}

// A role that may do more is described by more.
function followToken() {
    const then = (original, system) => (payload) => {
        original(payload);
        return show(system);
    };
    return {statePlugins: {auth: {wrapActions: {authorize: then, logout: then}}}};
}

async function start() {
    SwaggerUIBundle({
        // Without a description there is still a page, with the notice that says why.
        spec: (await description()) ?? {openapi: "3.1.0", info: {title: "Aspen", version: ""}, paths: {}},
        domNode: document.getElementById("description"),
        // Of more than 115 operations that are open at once, Swagger UI 5 shows two.
        docExpansion: "none",
        defaultModelsExpandDepth: 0,
        persistAuthorization: false,
        supportedSubmitMethods: ATTEMPTS,
        validatorUrl: null,
        plugins: [followToken],
    });
}

start();
