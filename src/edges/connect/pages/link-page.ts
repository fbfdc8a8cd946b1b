import type { LinkView } from '../../../connections/index.ts';
import { html, type Markup } from '../html.ts';
import type { Page } from '../layout.ts';
import { factsOf } from './facts.ts';
import { confirmForm } from './confirm-form.ts';
import { fieldsForm } from './fields-form.ts';
import { appMissing, consentForm } from './consent-form.ts';

/** What a person has to be told about the form that was sent, in our words. */
export type Told = {
  status: number;
  /** About the form as a whole. */
  notice: string | null;
  /** At a field, by its name. */
  problems: ReadonlyMap<string, string>;
  /** What was typed into fields that hold no secret. */
  typed: ReadonlyMap<string, string>;
  /** Where whoever made the link wants people back. */
  backTo: string | null;
};

export const nothingTold: Told = {
  status: 200,
  notice: null,
  problems: new Map(),
  typed: new Map(),
  backTo: null,
};

/** The page of an open link: who asks for what, and the one form of the step it is at. */
export function linkPage(view: LinkView, action: string, now: Date, told: Told = nothingTold): Page {
  const isWrong = told.notice !== null || told.problems.size > 0;
  const heading =
    view.step === 'confirm' ? 'Is this the right account?' : `Connect your ${view.service} account`;
  const title = `${isWrong ? 'Error: ' : ''}${heading} · Toolcrib`;
  return {
    status: told.status,
    title,
    content: html`<h1>${heading}</h1>
      ${leadOf(view)} ${noticeOf(told)} ${factsOf(view, now)} ${formOf(view, action, told)} ${footerOf(view)}`,
  };
}

function leadOf({ step, organization, service }: LinkView): Markup {
  if (step === 'confirm') {
    return html`<p>${service} has answered. Nothing is stored until you say yes.</p>`;
  }
  return html`<p><strong>${organization}</strong> asks to use ${service} with an account of yours.</p>`;
}

function noticeOf({ notice, problems, backTo }: Told): Markup | null {
  const text = notice ?? (problems.size > 0 ? 'Look at what is marked below.' : null);
  if (text === null) return null;
  return html`<div class="notice" role="alert">
    <p><strong>Not connected yet.</strong> ${text}</p>
    ${backTo === null ? null : html`<p><a href="${backTo}">Leave it and go back</a></p>`}
  </div>`;
}

function formOf(view: LinkView, action: string, told: Told): Markup {
  switch (view.step) {
    case 'fields':
      return fieldsForm(view, action, told);
    case 'consent':
      return consentForm(view, action);
    case 'confirm':
      return confirmForm(view, action, told);
    case 'app_missing':
      return appMissing(view);
  }
}

function footerOf({ step, organization }: LinkView): Markup | null {
  if (step === 'app_missing') return null;
  return html`<footer>
    <p>
      What you give is kept encrypted in ${organization}’s Toolcrib. Agents use it; they never see it. If you
      did not expect this page, close it: nothing has been connected.
    </p>
  </footer>`;
}
