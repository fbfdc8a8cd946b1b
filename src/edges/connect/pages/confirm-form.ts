import { createHash } from 'node:crypto';
import type { LinkView } from '../../../connections/index.ts';
import { html, type Markup } from '../html.ts';
import { accountOf } from './facts.ts';
import type { Told } from './link-page.ts';

/** True where a yes means more than it seems: another account than before, or nobody can tell. */
export const needsReplace = ({ current, pending }: LinkView): boolean =>
  current !== null && current.id !== pending?.id;

/** The account the form was shown for: a yes counts for that one alone. Hashed, since not every id can be written into a page. */
export const accountMark = ({ pending }: LinkView): string =>
  pending ? createHash('sha256').update(pending.id).digest('base64url') : '';

export function confirmForm(view: LinkView, action: string, told: Told): Markup {
  return html`${needsReplace(view) ? replaceNotice(view) : null}
    <form method="post" action="${action}">
      <input type="hidden" name="step" value="confirm" />
      <input type="hidden" name="account" value="${accountMark(view)}" />
      ${needsReplace(view) ? replaceBox(view, told.problems.get('replace') ?? null) : null}
      <div class="row">
        <button name="answer" value="yes">Yes, connect ${view.pending ? 'this account' : 'it'}</button>
        <button class="plain" name="answer" value="no" formnovalidate>No, store nothing</button>
      </div>
    </form>`;
}

function replaceNotice(view: LinkView): Markup {
  const was = view.current?.label ?? '';
  if (view.pending === null) {
    return html`<div class="notice">
      <p>
        <strong>Nobody can tell whether this is the same account.</strong> Until now it was <bdi>${was}</bdi>.
      </p>
    </div>`;
  }
  const unlike = view.pending.label === was ? html` It has the same name, and is another account.` : null;
  return html`<div class="notice">
    <p>
      <strong>This is a different account.</strong> Until now it was <bdi>${was}</bdi>. What you found is
      ${accountOf(view)}.${unlike}
    </p>
    <p>Tools that worked with the old account will read and write in the new one.</p>
  </div>`;
}

function replaceBox({ pending }: LinkView, problem: string | null): Markup {
  const described = problem === null ? null : html` aria-invalid="true" aria-describedby="replace_wrong"`;
  return html`<label class="check"
      ><input type="checkbox" name="replace" value="yes" required${described} />
      <span
        >${
          pending
            ? html`I want to replace it with <bdi>${pending.label}</bdi>.`
            : 'I want to replace it all the same.'
        }</span
      ></label
    >
    ${problem === null ? null : html`<p class="wrong" id="replace_wrong">${problem}</p>`}`;
}
