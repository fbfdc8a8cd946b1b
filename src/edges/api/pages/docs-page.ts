import { createHash } from 'node:crypto';
import type { Documents } from '../openapi.ts';
import { readOperations, type Operation, type Section } from './read-operations.ts';

const style = `
:root { color-scheme: light dark; --ink: #1c2024; --soft: #5f6b76; --line: #dde2e7; --paper: #fff; --wash: #f5f7f9; --mark: #0b6e4f; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ebee; --soft: #9aa6b2; --line: #2c333a; --paper: #14181c; --wash: #1b2026; --mark: #5cc9a3; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 5rem; }
h1 { font-size: 1.9rem; margin: 0 0 .25rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .25rem; }
h3 { font-size: 1rem; margin: 1.75rem 0 .5rem; }
p { margin: .25rem 0 .75rem; }
a { color: var(--mark); }
nav { margin: 1rem 0 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
details { border-top: 1px solid var(--line); }
details:last-of-type { border-bottom: 1px solid var(--line); }
summary { padding: .5rem .25rem; cursor: pointer; display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline; }
summary:hover { background: var(--wash); }
details p { padding: 0 .25rem .5rem; color: var(--soft); white-space: pre-line; }
code { font: .88em ui-monospace, monospace; overflow-wrap: anywhere; }
.method { color: var(--mark); font-weight: 600; min-width: 4.2em; }
.said, .lead { color: var(--soft); }
pre { background: var(--wash); padding: .9rem 1rem; overflow-x: auto; border-radius: 6px; }
`;

const styleHash = createHash('sha256').update(style).digest('base64');

/** Nothing but this page's own style, by its hash: no script, no font, nothing from elsewhere. */
export const docsPolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;

/** The routes of every contract as one page that works without script or network. */
export function docsPage(documents: Documents): string {
  const sections = readOperations(documents);
  const [own, ...compatible] = sections;
  const links = sections.map(({ name, title }) => `<a href="#${name}">${escape(title)}</a>`);
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Toolcrib API</title><style>${style}</style></head>
<body><main>
<h1>Toolcrib API</h1>
<p class="lead">Send a key with every request: <code>Authorization: Bearer KEY</code> or <code>x-api-key: KEY</code>.
Machine-readable: <a href="/openapi.json">/openapi.json</a>, <a href="/llms.txt">/llms.txt</a>.</p>
<nav>${links.join('')}<a href="#errors">Errors</a></nav>
${own ? sectionOf(own) : ''}
<h2 id="errors">Errors</h2>
<p>Every response carries <code>X-Request-Id</code>. Toolcrib’s own routes answer an error as</p>
<pre><code>{"error": {"code": "validation_error", "message": "name: Field required", "request_id": "req_…", "param": "/name"}}</code></pre>
<p>The contracts under Compatibility each keep their own shape, described in their OpenAPI documents.</p>
<h2 id="compatibility">Compatibility</h2>
<p class="lead">Published contracts over the same packs, connections and tools, exact on the wire.</p>
${compatible.map(sectionOf).join('\n')}
</main></body></html>
`;
}

function sectionOf(section: Section): string {
  const tags = [...new Set(section.operations.map(({ tag }) => tag))];
  const groups = tags.map((tag) => {
    const rows = section.operations.filter((operation) => operation.tag === tag).map(rowOf);
    return `<h3>${escape(tag)}</h3>\n${rows.join('\n')}`;
  });
  return `<h2 id="${section.name}">${escape(section.title)}</h2>
<p class="lead">${escape(section.description)} <a href="/openapi/${section.name}.json">OpenAPI</a></p>
${groups.join('\n')}`;
}

function rowOf({ method, path, summary, description }: Operation): string {
  return `<details><summary><code class="method">${method}</code><code>${escape(path)}</code>
<span class="said">${escape(summary)}</span></summary><p>${escape(description)}</p></details>`;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string): string => text.replace(/[&<>"]/g, (sign) => entities[sign]!);
