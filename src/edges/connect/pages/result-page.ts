import { webAddress } from '../address.ts';
import { html, type Markup } from '../html.ts';
import type { Page } from '../layout.ts';
import type { Result } from '../result.ts';

/** How it ended. Who is done is taken back to where the link came from; who is not can read why first. */
export function resultPage(result: Result): Page {
  const back = result.redirectTo === null ? null : webAddress(result.redirectTo);
  if (result.kind === 'failed') {
    return {
      status: 200,
      title: 'Not connected · Toolcrib',
      content: html`<h1>Not connected</h1>
        <p role="alert">${result.reason}</p>
        ${backOf(back)}`,
    };
  }
  return {
    status: 200,
    title: 'Connected · Toolcrib',
    ...(back === null ? {} : { onTo: back.href }),
    content: html`<h1>Connected</h1>
      ${
        result.account === null
          ? html`<p role="status">The account is connected.</p>`
          : html`<p role="status">
              The account <strong><bdi>${result.account}</bdi></strong> is connected.
            </p>`
      }
      ${result.held.length > 0 ? html`<p>Agents that were stopped while it was not connected stay stopped until somebody starts them: ${result.held.join(', ')}.</p>` : null}
      ${backOf(back)}`,
  };
}

function backOf(back: URL | null): Markup {
  if (back === null) return html`<p class="soft">You can close this page.</p>`;
  return html`<p><a class="button" href="${back.href}">Back to ${back.host}</a></p>`;
}
