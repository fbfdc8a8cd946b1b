import type { LinkView } from '../../../connections/index.ts';
import { html, type Markup, type Part } from '../html.ts';

/** Who asks, for whom, where it goes: what somebody has to know before giving anything. */
export function factsOf(view: LinkView, now: Date): Markup {
  const isNamed = view.connection !== view.service;
  return html`<dl>
    ${fact('Service', html`<bdi>${view.service}</bdi>${isNamed ? html` <span class="soft">as <bdi>${view.connection}</bdi></span>` : null}`)}
    ${fact('Asked for by', html`<bdi>${view.organization}</bdi>`)} ${fact('Used for', usedFor(view))}
    ${view.step === 'fields' ? fact('Sent to', html`<code>${view.origin}</code> <span class="soft">and nowhere else</span>`) : null}
    ${fact('Connected now', view.current ? html`<bdi>${view.current.label}</bdi>` : html`<span class="soft">no known account</span>`)}
    ${view.step === 'confirm' ? fact('Account found', accountOf(view)) : null}
    ${fact('Link runs out', runsOut(view.expiresAt, now))}
  </dl>`;
}

const fact = (term: string, description: Part): Markup =>
  html`<div>
    <dt>${term}</dt>
    <dd>${description}</dd>
  </div>`;

export const accountOf = ({ pending, service }: LinkView): Markup =>
  pending
    ? html`<strong><bdi>${pending.label}</bdi></strong>`
    : html`<span class="soft">${service} does not say whose it is</span>`;

function usedFor({ forWhom, organization }: LinkView): Markup {
  const { type, label } = forWhom;
  switch (type) {
    case 'user':
      return html`<bdi>${label}</bdi> <span class="soft">alone</span>`;
    case 'company':
      return html`everybody at <bdi>${label}</bdi>`;
    case 'organization':
      return html`everybody and every agent of <bdi>${organization}</bdi>`;
  }
}

function runsOut(expiresAt: Date, now: Date): Markup {
  const minutes = Math.max(1, Math.round((expiresAt.getTime() - now.getTime()) / 60_000));
  const iso = expiresAt.toISOString();
  return html`in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'},
    <time datetime="${iso}">${iso.slice(11, 16)} UTC</time>`;
}
