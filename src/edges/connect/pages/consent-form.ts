import type { LinkView } from '../../../connections/index.ts';
import { html, type Markup } from '../html.ts';

/** The way to the service, after what will be asked for there. */
export function consentForm(view: LinkView, action: string): Markup {
  return html`${scopesOf(view)}
    <p>
      You sign in at ${view.service} itself; no password is given here. If ${view.service} says whose account
      it is, you are shown it before it is used.
    </p>
    <form method="post" action="${action}">
      <input type="hidden" name="step" value="begin" />
      <div class="row"><button>Continue to ${view.service}</button></div>
    </form>`;
}

function scopesOf({ scopes, service }: LinkView): Markup {
  if (scopes.length === 0) {
    return html`<h2>What is asked for</h2>
      <p>${service} decides what this allows, and shows it to you.</p>`;
  }
  return html`<h2>What is asked for</h2>
    <ul>
      ${scopes.map(({ scope, meaning }) =>
        meaning === scope
          ? html`<li><code>${scope}</code></li>`
          : html`<li>${meaning} <code class="soft">${scope}</code></li>`,
      )}
    </ul>`;
}

/** Nobody gets further before the organization has an app of its own at the service: what to tell it. */
export function appMissing({ organization, service, redirectUri }: LinkView): Markup {
  return html`<div class="notice" role="alert">
      <p>
        <strong>This is not ready yet.</strong> ${service} lets people in only through an OAuth app, and
        ${organization} has not registered one.
      </p>
    </div>
    <p>
      There is nothing you can do here. Whoever looks after Toolcrib at ${organization} has to register an app
      at ${service} with exactly this redirect address, and give Toolcrib its client id and secret:
    </p>
    <p class="box"><code>${redirectUri}</code></p>
    <p>Then this link works, as long as it has not run out.</p>`;
}
