import { createHash } from 'node:crypto';
import { html, Markup, type Part } from './html.ts';

const style = `
:root { color-scheme: light dark; --ink: #1c2024; --soft: #56616b; --line: #d5dbe1; --field: #7b8791; --paper: #fff; --wash: #f3f5f7;
  --mark: #0b6e4f; --on-mark: #fff; --warn: #9b1c1c; --warn-wash: #fdf1f0; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ebee; --soft: #a3aeb9; --line: #333b43; --field: #7d8994; --paper: #1a1f24; --wash: #101317;
    --mark: #5cc9a3; --on-mark: #06281d; --warn: #ffa8a0; --warn-wash: #331b1a; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 30rem; margin: 0 auto; padding: 2rem 1.5rem 2.25rem; background: var(--paper); }
@media (min-width: 34rem) {
  body { padding: 3.5rem 1rem; background: var(--wash); }
  main { border: 1px solid var(--line); border-radius: 12px; padding: 2.25rem 2.25rem 2.5rem; }
}
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p { margin: 0 0 .75rem; }
a { color: var(--mark); }
a:focus-visible, button:focus-visible, input:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
ul { margin: 0 0 .75rem; padding-left: 1.25rem; }
code { font: .9em ui-monospace, monospace; }
.soft { color: var(--soft); }
.small { font-size: .875rem; }
dl { margin: 1.25rem 0; border-top: 1px solid var(--line); }
dl div { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .6rem 0; border-bottom: 1px solid var(--line); }
dt { color: var(--soft); flex: 0 0 8.5rem; }
dd { margin: 0; flex: 1 1 12rem; }
label { display: block; font-weight: 600; margin: 1rem 0 .25rem; }
input[type=text], input[type=password] { width: 100%; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--field); border-radius: 8px; padding: .6rem .75rem; min-height: 2.75rem; }
input[aria-invalid=true] { border: 2px solid var(--warn); }
.check { display: flex; gap: .6rem; align-items: flex-start; font-weight: 400; }
.check input { width: 1.25rem; height: 1.25rem; margin: .15rem 0 0; flex: none; accent-color: var(--mark); }
.wrong { color: var(--warn); margin: .25rem 0 0; font-size: .9rem; }
.notice { border-left: 4px solid var(--warn); background: var(--warn-wash); padding: .75rem 1rem; margin: 1rem 0; border-radius: 0 8px 8px 0; }
.notice :last-child { margin-bottom: 0; }
.box { background: var(--wash); border: 1px solid var(--line); border-radius: 8px; padding: .75rem 1rem; margin: 1rem 0; }
button, .button { display: inline-block; font: inherit; font-weight: 600; text-align: center; text-decoration: none; border-radius: 8px; border: 1px solid var(--mark);
  background: var(--mark); color: var(--on-mark); padding: .65rem 1.25rem; min-height: 2.75rem; cursor: pointer; }
button.plain { background: transparent; color: var(--mark); }
.row { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.5rem; }
.row > * { flex: 1 1 auto; }
footer { margin-top: 1.75rem; color: var(--soft); font-size: .875rem; }
footer p:last-child { margin: 0; }
`;

// As it was hashed, to the letter.
const styleElement = new Markup(`<style>${style}</style>`);
const styleHash = createHash('sha256').update(style).digest('base64');

/**
 * Nothing but this page's own style, by its hash: no script, no font, nothing from elsewhere, and forms go to
 * ourselves. Chromium holds redirects after a form to `form-action` too, so no form of ours is answered with a
 * redirect to a service.
 */
export const pagePolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`;

export type Page = {
  status: number;
  title: string;
  content: Markup;
  headers?: Record<string, string>;
  /** Where the browser goes on to by itself, without a script. */
  onTo?: string;
};

export function layOut({ title, content, onTo }: Page): string {
  const refresh: Part =
    onTo === undefined ? null : html`<meta http-equiv="refresh" content="0; url=${onTo}" />`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex, nofollow" />
        <meta name="referrer" content="same-origin" />
        ${refresh}
        <title>${title}</title>
        ${styleElement}
      </head>
      <body>
        <main>${content}</main>
      </body>
    </html> `.toString();
}
